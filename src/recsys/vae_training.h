#pragma once
// Mult-VAE as what the loop over epochs drives.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <bascule/data/batches.h>
#include <bascule/recsys/evaluate.h>
#include <bascule/run/program.h>

#include "nn/trainable.h"
#include "recsys/mult_vae_graphs.h"
#include "recsys/user_rows.h"

namespace bascule::detail {

class VaeTraining final : public nn::Trainable {
 public:
  /// `model` is the one that the store belongs to; it judges the users held out. All must outlive
  /// the training.
  static Result<VaeTraining> make(const MultVaeOptions& options, const VaeForm& form,
                                  const LearnRequest& request, const Recommender& model,
                                  VariableStore& store, ThreadPool& pool);

  VariableStore& store() override { return *store_; }
  [[nodiscard]] std::int64_t samples() const override { return plan_.samples(); }
  [[nodiscard]] std::int64_t batches() const override { return plan_.batches(); }
  void start(std::int64_t first_epoch, std::int64_t epochs) override;
  Status step() override;
  Status skip() override;
  /// "ndcg@100", "recall@20", "recall@50".
  Result<std::map<std::string, double>> validate() override;

  /// The training graph of a full batch, as text: what a checkpoint must agree with.
  [[nodiscard]] const std::string& step_text() const { return step_text_; }
  /// Seconds spent on making batches.
  [[nodiscard]] double batch_seconds() const { return batch_seconds_; }

 private:
  VaeTraining(const MultVaeOptions& options, const VaeForm& form, const LearnRequest& request,
              const Recommender& model, VariableStore& store, BatchPlan plan, ThreadPool& pool);
  Status compile(std::int64_t batch, std::int64_t capacity, std::int64_t anneal_steps);
  void make_batch(std::span<const std::int32_t> users);
  /// The users of the next batch.
  std::span<const std::int32_t> next();

  const MultVaeOptions* options_;
  const VaeForm* form_;
  const LearnRequest* request_;
  const Recommender* model_;
  VariableStore* store_;
  ThreadPool* pool_;
  BatchPlan plan_;
  std::vector<Metric> metrics_;
  std::map<std::size_t, Program> programs_;  // by the number of users
  std::vector<std::int32_t> order_;
  std::int64_t epoch_ = 0, batch_ = 0;
  std::vector<UserRows> parts_;
  UserRows input_, targets_;
  std::string step_text_;
  double batch_seconds_ = 0;
};

}  // namespace bascule::detail
