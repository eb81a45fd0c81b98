#pragma once
// Models that learn in passes over the users, and are judged between them by users held out.
#include <functional>
#include <string>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/nn/trainer.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

struct LearnRequest {
  CompressedView train;  ///< users × items
  /// Of users held out, by row: what the model sees of them, and what it has to find. No rows:
  /// nothing is measured, and the model is that of the last epoch.
  CompressedView valid_in, valid_out;
  nn::FitControl control;
  /// Called with a line of what a user should know.
  std::function<void(const std::string&)> log = [](const std::string&) {};
};

struct Learned : nn::FitResult {
  double batch_seconds = 0;  ///< in which the training waited for batches
};

class EpochLearner {
 public:
  virtual ~EpochLearner() = default;
  /// The model is that of the epoch with the best monitored metric. kUsage when data and options do
  /// not fit, or a checkpoint is of another training; kFailed for memory and files.
  virtual Result<Learned> learn(const LearnRequest& request, ThreadPool& pool) = 0;
};

}  // namespace bascule
