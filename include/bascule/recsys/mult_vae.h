#pragma once
// Mult-VAE and Mult-DAE: D. Liang, R. Krishnan, M. Hoffman, T. Jebara, "Variational Autoencoders
// for Collaborative Filtering", WWW 2018.
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <bascule/compile/compile.h>
#include <bascule/nn/optimizer.h>
#include <bascule/recsys/epoch_learner.h>
#include <bascule/recsys/scoring_recommender.h>

namespace bascule {

namespace nn {
class VariableSnapshot;
}

struct MultVaeOptions {
  bool variational = true;  ///< false: Mult-DAE
  /// Widths between items and latent factors, and in reverse from there to the scores.
  std::vector<std::int64_t> hidden = {600};
  std::int64_t latent = 200;
  double dropout = 0.5;  ///< share of a user's items that the encoder does not see, in [0, 1)
  /// Weight of the Kullback-Leibler divergence: it rises from 0 in a line and stays there.
  double beta = 0.2;
  /// It rises for so many steps; 0: for `anneal_share` of all steps that are planned.
  std::int64_t anneal_steps = 0;
  double anneal_share = 0.85;
  nn::OptimizerOptions optimizer = nn::adam(1e-3);
  std::int64_t epochs = 200, batch_size = 500;
  nn::EarlyStopping early_stopping = {};  ///< monitor "": valid_ndcg@100
  std::uint64_t seed = 1;
  Precision precision = Precision::kFp32;
};

/// A user's items, scaled to length 1, go through layers with tanh to a normal distribution over
/// latent factors (a point, in Mult-DAE), and back to a score for every item: the logits of a
/// multinomial distribution, under which the user's items are to be likely.
class MultVae final : public ScoringRecommender, public EpochLearner {
 public:
  explicit MultVae(MultVaeOptions options);
  ~MultVae() override;

  [[nodiscard]] std::string_view type() const override {
    return options_.variational ? "mult-vae" : "mult-dae";
  }
  /// Parameters with their optimizer states and one batch of logits.
  [[nodiscard]] std::int64_t fit_bytes(const CompressedView& interactions) const override;
  [[nodiscard]] std::vector<ModelLayer> layers(const CompressedView& interactions) const override;
  /// learn() from all users. Stage "epochs". kInterrupted does not occur.
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) override;
  [[nodiscard]] bool learns_by_epochs() const override { return true; }
  EpochLearner* epoch_learner() override { return this; }
  Result<Learned> learn(const LearnRequest& request, ThreadPool& pool) override;

  void save(SafetensorsWriter& writer) const override;
  Status load(std::shared_ptr<const SafetensorsFile> file) override;

 private:
  class State;
  struct Scorer;
  [[nodiscard]] bool scores_in_parallel() const override { return true; }
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  ScoreRows score(const CompressedView& histories, std::int64_t first, std::int64_t last,
                  Scratch& scratch) const override;

  MultVaeOptions options_;
  std::unique_ptr<State> state_;  // null before fit and load
  /// What save() has lent to a writer.
  mutable std::unique_ptr<nn::VariableSnapshot> saved_;
};

}  // namespace bascule
