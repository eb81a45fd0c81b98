#pragma once
// Learning from batches of users, judged by users held out: what the loop over epochs drives.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <bascule/devices/resident_rows.h>
#include <bascule/recsys/contract.h>
#include <bascule/recsys/epoch_learner.h>
#include <bascule/run/program.h>

#include "nn/trainable.h"
#include "recsys/user_batches.h"

namespace bascule::detail {

class UserTraining : public nn::Trainable {
 public:
  VariableStore& store() final { return *store_; }
  [[nodiscard]] std::int64_t samples() const final { return passes_ * batches_.samples(); }
  [[nodiscard]] std::int64_t batches() const final { return passes_ * batches_.batches(); }
  /// Of all but the last batch of a pass.
  [[nodiscard]] std::int64_t batch_size() const { return batches_.batch_size(); }
  void start(std::int64_t first_epoch, std::int64_t epochs) final {
    batches_.start(passes_ * first_epoch, passes_ * epochs);
  }
  Status step() final;
  Status skip() final {
    batches_.skip();
    return {};
  }
  void stop() final { batches_.stop(); }
  /// "ndcg@100", "recall@20", "recall@50".
  Result<std::map<std::string, double>> validate() final;

  /// The training graphs of a full batch, as text: what a checkpoint must agree with.
  [[nodiscard]] const std::string& step_text() const { return step_text_; }
  /// Seconds in which steps waited for batches.
  [[nodiscard]] virtual double batch_seconds() const { return batches_.waited(); }

 protected:
  /// `passes` over the users make an epoch. `model` judges the users held out. All must outlive the
  /// training.
  UserTraining(const LearnRequest& request, const Recommender& model, VariableStore& store,
               UserBatches batches, std::int64_t passes, ThreadPool& pool);
  virtual Status train_on(UserBatch& batch) = 0;

  /// Once all else that steps take has been allocated: keeps the users' rows where the device can
  /// put batches of them together, unless that would take more than half of its free memory, which
  /// the request's log is told. Batches are sent otherwise; they are the same.
  Status keep_rows();
  /// For the next step: the batch's rows, scaled, less what is left out; or as they are.
  Status bind_input(Program& program, const char* name, UserBatch& batch);
  Status bind_targets(Program& program, const char* name, UserBatch& batch);
  [[nodiscard]] const CompressedView& train() const { return request_->train; }

  /// Of full batches, and of the one that is left, if any.
  [[nodiscard]] std::vector<std::int64_t> batch_sizes() const;
  /// The most elements that a batch can store.
  [[nodiscard]] std::int64_t capacity() const;
  void set_step_text(std::string text) { step_text_ = std::move(text); }
  [[nodiscard]] ThreadPool& pool() { return *pool_; }

 private:
  const LearnRequest* request_;
  const Recommender* model_;
  VariableStore* store_;
  ThreadPool* pool_;
  UserBatches batches_;
  std::unique_ptr<ResidentRows> resident_;  // null: batches are sent
  CsrArgument sent_input_{}, sent_targets_{};
  std::int64_t passes_;
  std::string step_text_;
};

}  // namespace bascule::detail
