#pragma once
// Updates of a weight row by row, where its gradient comes in rows, or where rows may be left
// alone.
#include <vector>

#include "devices/cpu/cpu_kernels.h"
#include "devices/cpu/optimizer_rule.h"

namespace bascule::detail {

/// Of a node with the attributes of an optimizer's update, whose outputs are a weight [rows, n] and
/// its states. The request's inputs from `weight` on are the same, row-major; lr and step of
/// optimizers that count are its last inputs.
class RowUpdate {
 public:
  RowUpdate(const CpuContext& context, const KernelRequest& request, std::string_view optimizer,
            std::size_t weight);

  /// A step, in which rows may be updated by several threads at once.
  class Step {
   public:
    Step(const RowUpdate& update, const KernelArguments& arguments);
    /// Null stands for a row of zeros.
    void operator()(std::int64_t row, const float* gradient) const;

   private:
    const RowUpdate& update_;
    const KernelArguments& arguments_;
    UpdateParameters parameters_;
  };

 private:
  CpuContext context_;
  OptimizerRule rule_;
  std::size_t weight_, states_, lr_;
  bool lazy_, steps_;
  std::int64_t n_;
  std::vector<float> zeros_;
};

}  // namespace bascule::detail
