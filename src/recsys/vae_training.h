#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <bascule/run/program.h>

#include "recsys/dense_feed.h"
#include "recsys/mult_vae_graphs.h"
#include "recsys/user_training.h"

namespace bascule::detail {

/// How steps are carried out; what they learn is the same, to rounding.
struct VaeExecution {
  bool batches_ahead = true;               ///< see UserBatchOptions::ahead
  bool dense_feed = false;                 ///< batches as dense matrices
  bool resident = true;                    ///< rows stay on a device that can keep them
  std::set<std::string> skip_passes = {};  ///< see CompileOptions::skip
};

/// Steps of Mult-VAE or Mult-DAE.
class VaeTraining final : public UserTraining {
 public:
  /// All must outlive the training; `model` is the one that the store belongs to.
  static Result<std::unique_ptr<VaeTraining>> make(const MultVaeOptions& options,
                                                   const VaeForm& form, const LearnRequest& request,
                                                   const Recommender& model, VariableStore& store,
                                                   ThreadPool& pool,
                                                   const VaeExecution& execution = {});

  [[nodiscard]] double batch_seconds() const override {
    return UserTraining::batch_seconds() + (dense_ ? dense_->seconds() : 0);
  }

 private:
  using UserTraining::UserTraining;
  Status compile(const MultVaeOptions& options, const VaeForm& form, const VaeExecution& execution);
  /// The program for so many users and candidates, 0 of the latter where the softmax is exact.
  Result<Program*> program(std::int64_t users, std::int64_t candidates);
  Status train_on(UserBatch& batch) override;

  std::function<Graph(std::int64_t users, std::int64_t candidates)> graph_;
  CompileOptions compile_;
  std::map<std::pair<std::int64_t, std::int64_t>, Program> programs_;  // by users and candidates
  std::optional<DenseFeed> dense_;
};

}  // namespace bascule::detail
