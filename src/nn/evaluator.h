#pragma once
#include "nn/batch_runner.h"
#include "nn/step_graphs.h"

namespace bascule::nn {

/// Evaluates the same samples again and again, as after every epoch.
class Evaluator {
 public:
  /// `loaders` as in FitOptions.
  static Result<Evaluator> make(Network& network, const Samples& samples, const Loss& loss,
                                ThreadPool* loaders = nullptr);
  /// "loss", "accuracy" or "mse", "mae".
  Result<std::map<std::string, double>> run();

 private:
  Evaluator(BatchSource source, BatchPrograms programs, EpochSums sums,
            std::vector<std::string> metrics, std::int64_t samples)
      : source_(std::move(source)),
        programs_(std::move(programs)),
        sums_(std::move(sums)),
        metrics_(std::move(metrics)),
        samples_(samples) {}

  BatchSource source_;
  BatchPrograms programs_;
  EpochSums sums_;
  std::vector<std::string> metrics_;
  std::int64_t samples_;
};

}  // namespace bascule::nn
