#pragma once
// Runs a graph over batches: one program for each batch size, sums kept in double on the host.
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include <bascule/data/batches.h>
#include <bascule/run/program.h>

namespace bascule::nn {

/// Batches by plan, made by `loaders` when they are asked for, or ahead by a thread of their own
/// (null): see FitOptions. The plan's part and its reader outlive them.
Result<BatchSource> make_batches(const SampleReader& reader, const LabelledData& part,
                                 BatchPlan plan, ThreadPool* loaders);

class BatchPrograms {
 public:
  using MakeGraph = std::function<Graph(std::int64_t batch)>;

  BatchPrograms(VariableStore& store, MakeGraph make, CompileOptions options)
      : store_(&store), make_(std::move(make)), options_(std::move(options)) {}

  /// Compiles the program for this batch size unless it is there. kUsage when the graph does not
  /// fit together.
  Status prepare(std::int64_t batch);
  /// One step on a batch whose program was prepared.
  Status run(const Batch& batch);

 private:
  VariableStore* store_;
  MakeGraph make_;
  CompileOptions options_;
  std::map<std::int64_t, Program> programs_;
};

/// Sums that the device adds to in float32. They move into doubles every kSteps batches: rarely
/// enough to cost nothing, often enough to stay exact and to see a NaN early.
class EpochSums {
 public:
  static constexpr std::int64_t kSteps = 64;

  EpochSums(VariableStore& store, std::vector<std::string_view> names);
  /// All sums are 0.
  Status reset();
  /// After `done` batches of the epoch.
  Status after_batch(std::int64_t done, bool last);
  [[nodiscard]] const std::vector<double>& totals() const { return totals_; }
  /// Goes on with what was collected before; the part on the device is restored by the caller.
  void set_totals(std::vector<double> totals) { totals_ = std::move(totals); }

 private:
  VariableStore* store_;
  std::vector<std::string_view> names_;
  std::vector<double> totals_;
};

}  // namespace bascule::nn
