#pragma once
// Mult-VAE as what the loop over epochs drives.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <bascule/recsys/evaluate.h>
#include <bascule/run/program.h>

#include "nn/trainable.h"
#include "recsys/mult_vae_graphs.h"
#include "recsys/user_batches.h"

namespace bascule::detail {

/// How steps are carried out; what they learn is the same.
struct VaeExecution {
  bool batches_ahead = true;  ///< see UserBatchOptions::ahead
};

class VaeTraining final : public nn::Trainable {
 public:
  /// `model` is the one that the store belongs to; it judges the users held out. All must outlive
  /// the training.
  static Result<VaeTraining> make(const MultVaeOptions& options, const VaeForm& form,
                                  const LearnRequest& request, const Recommender& model,
                                  VariableStore& store, ThreadPool& pool,
                                  const VaeExecution& execution = {});

  VariableStore& store() override { return *store_; }
  [[nodiscard]] std::int64_t samples() const override { return batches_.samples(); }
  [[nodiscard]] std::int64_t batches() const override { return batches_.batches(); }
  void start(std::int64_t first_epoch, std::int64_t epochs) override {
    batches_.start(first_epoch, epochs);
  }
  Status step() override;
  Status skip() override {
    batches_.skip();
    return {};
  }
  void stop() override { batches_.stop(); }
  /// "ndcg@100", "recall@20", "recall@50".
  Result<std::map<std::string, double>> validate() override;

  /// The training graph of a full batch, as text: what a checkpoint must agree with.
  [[nodiscard]] const std::string& step_text() const { return step_text_; }
  /// Seconds in which steps waited for batches.
  [[nodiscard]] double batch_seconds() const { return batches_.waited(); }

 private:
  VaeTraining(const MultVaeOptions& options, const VaeForm& form, const LearnRequest& request,
              const Recommender& model, VariableStore& store, UserBatches batches,
              ThreadPool& pool);
  Status compile(std::int64_t batch, std::int64_t capacity, std::int64_t anneal_steps);

  const MultVaeOptions* options_;
  const VaeForm* form_;
  const LearnRequest* request_;
  const Recommender* model_;
  VariableStore* store_;
  ThreadPool* pool_;
  UserBatches batches_;
  std::vector<Metric> metrics_;
  std::map<std::size_t, Program> programs_;  // by the number of users
  std::string step_text_;
};

}  // namespace bascule::detail
