#pragma once
// What recommenders have in common whose scores are the output of a network that sees the user's
// items.
#include <cstdint>
#include <memory>
#include <vector>

#include <bascule/compile/compile.h>
#include <bascule/nn/optimizer.h>
#include <bascule/recsys/epoch_learner.h>
#include <bascule/recsys/scoring_recommender.h>

namespace bascule {

namespace nn {
class VariableSnapshot;
}
namespace detail {
class AutoencoderForm;
}

/// How such a network learns.
struct AutoencoderTraining {
  double dropout = 0.5;  ///< share of a user's items that the encoder does not see, in [0, 1)
  nn::OptimizerOptions optimizer = nn::adam(1e-3);
  std::int64_t epochs = 200, batch_size = 500;
  nn::EarlyStopping early_stopping = {};  ///< monitor "": valid_ndcg@100
  std::uint64_t seed = 1;
  Precision precision = Precision::kFp32;
};

class Autoencoder : public ScoringRecommender, public EpochLearner {
 public:
  ~Autoencoder() override;

  /// Parameters with their optimizer states and one batch of logits.
  [[nodiscard]] std::int64_t fit_bytes(const CompressedView& interactions) const final;
  /// Variables, programs and batches, as a plan without a device has them; what stays of the
  /// interactions there is beside that, where there is room.
  [[nodiscard]] Result<std::int64_t> device_fit_bytes(
      const CompressedView& interactions) const final;
  [[nodiscard]] std::vector<ModelLayer> layers(const CompressedView& interactions) const final;
  /// learn() from all users. Stage "epochs". kInterrupted does not occur.
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) final;
  [[nodiscard]] bool learns_by_epochs() const final { return true; }
  EpochLearner* epoch_learner() final { return this; }
  /// Learns and scores there.
  Status use_device(std::shared_ptr<Device> device) final;
  [[nodiscard]] Status device_status() const final;
  [[nodiscard]] bool lists_on_device() const final { return device_ != nullptr; }
  Result<Learned> learn(const LearnRequest& request, ThreadPool& pool) final;

  /// Tensors of the parameters, and "item_users" i64 [items].
  void save(SafetensorsWriter& writer) const final;
  Status load(std::shared_ptr<const SafetensorsFile> file) final;

 protected:
  explicit Autoencoder(AutoencoderTraining training);
  /// The network over so many items. The model must outlive it.
  [[nodiscard]] virtual std::unique_ptr<detail::AutoencoderForm> make_form(
      std::int64_t items) const = 0;
  [[nodiscard]] bool scores_in_parallel() const final { return true; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const final;
  ScoreRows score(const CompressedView& histories, std::int64_t first, std::int64_t last,
                  Scratch& scratch) const final;
  [[nodiscard]] bool searches_scores() const final;
  void search(const CompressedView& histories, std::int64_t first, std::int64_t last,
              const ListRules& rules, Scratch& scratch, TopLists& lists) const final;

 private:
  class State;
  struct Scorer;
  /// `serves`: the parameters will have been finished.
  [[nodiscard]] std::unique_ptr<State> make_state(std::int64_t items, bool serves,
                                                  ThreadPool& pool) const;
  [[nodiscard]] std::unique_ptr<State> make_state(std::int64_t items, bool serves,
                                                  std::shared_ptr<Device> device) const;

  AutoencoderTraining training_;
  std::shared_ptr<Device> device_;  // null: the CPU
  std::unique_ptr<State> state_;    // null before fit and load
  /// What save() has lent to a writer.
  mutable std::unique_ptr<nn::VariableSnapshot> saved_;
};

}  // namespace bascule
