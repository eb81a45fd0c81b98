#include <fmt/format.h>

#include <bascule/graph/ops.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

class Dropout final : public Layer {
 public:
  explicit Dropout(double rate) : rate_(rate) {}

  [[nodiscard]] std::string_view type() const override { return "dropout"; }
  [[nodiscard]] std::string details() const override { return fmt::format("rate {}", rate_); }

  Value build(BuildContext& context, const Value& x) const override {
    if (!(rate_ >= 0 && rate_ < 1)) throw GraphError("dropout", fmt::format("rate {}", rate_));
    if (!context.training() || rate_ == 0) return x;
    return x * dropout_mask(context.step(), x.shape(), rate_, context.seed(), context.stream());
  }

 private:
  double rate_;
};

}  // namespace

LayerPtr dropout(double rate) {
  return std::make_shared<Dropout>(rate);
}

LayerType dropout_type() {
  constexpr double kHighestRate = 0.999;
  return {"dropout",
          "zeroes elements at random in training",
          {keys::number("rate", "0.5", 0, kHighestRate, "share that becomes 0")},
          [](const LayerArguments& a) { return dropout(a.number("rate")); }};
}

}  // namespace bascule::nn
