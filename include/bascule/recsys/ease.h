#pragma once
// Linear item-item models in closed form.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/devices/symmetric.h>
#include <bascule/recsys/item_gram.h>
#include <bascule/recsys/scoring_recommender.h>

namespace bascule {

class Inverts;
namespace detail {
class ProgramScores;
}

/// EASE: H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
/// EDLAE, the same trained against the dropping of inputs: H. Steck, "Autoencoders that don't
/// overfit towards the Identity", NeurIPS 2020.
struct EaseOptions {
  float l2 = 500;     ///< λ, > 0
  float dropout = 0;  ///< p in [0, 1): 0 is EASE
};

/// score(u, j) = Σ_i x_ui B_ij with the B of zero diagonal that minimises |X − X B|² + Σ_i Λ_i
/// |B_i|², where Λ_i = λ + p / (1 − p) (XᵀX)_ii: B = I − P diag(P)⁻¹ with P = (XᵀX + Λ)⁻¹. Weights
/// may be negative, and so may scores; every item that somebody has is a candidate, for users who
/// have an item that somebody has.
class Ease final : public ScoringRecommender, public GramLearner {
 public:
  explicit Ease(const EaseOptions& options) : options_(options) {}

  [[nodiscard]] std::string_view type() const override {
    return options_.dropout > 0 ? "edlae" : "ease";
  }
  /// Four bytes for every pair of items, and little beside.
  [[nodiscard]] std::int64_t fit_bytes(const CompressedView& interactions) const override;
  [[nodiscard]] Result<std::int64_t> device_fit_bytes(
      const CompressedView& interactions) const override;
  [[nodiscard]] std::string instead(const CompressedView& interactions) const override;
  /// Inverts there, in fit(), and makes lists there if the device searches scores. Errors as of
  /// Inverts::invert_bytes().
  Status use_device(std::shared_ptr<Device> device) override;
  [[nodiscard]] Status device_status() const override;
  [[nodiscard]] bool lists_on_device() const override;
  /// Stages "gram", "inverse", "weights", and on a device "transfer" and "transfer_back" before and
  /// after the inverse, and "transfer_weights" at the end. kFailed when XᵀX + Λ is not positive
  /// definite in single precision, which takes a λ that is tiny beside the counts.
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) override;
  GramLearner* gram_learner() override { return this; }
  Status fit_gram(ItemGram gram, ThreadPool& pool, StageTimes& times) override;
  /// By B_ij, largest first.
  [[nodiscard]] Result<std::vector<Recommendation>> similar_items(
      std::int32_t item, const SimilarOptions& options) const override;
  /// Tensors "ease.weights" f32 [items, at least items] and "item_users" i64 [items].
  void save(SafetensorsWriter& writer) const override;
  Status load(std::shared_ptr<const SafetensorsFile> file) override;

 private:
  struct Product;
  void forget();
  /// Sends the weights to a device that makes lists.
  Status place_weights();
  [[nodiscard]] std::unique_ptr<Scratch> make_scratch() const override;
  ScoreRows score(const CompressedView& histories, std::int64_t first, std::int64_t last,
                  Scratch& scratch) const override;
  [[nodiscard]] bool searches_scores() const override { return on_device_ != nullptr; }
  void search(const CompressedView& histories, std::int64_t first, std::int64_t last,
              const ListRules& rules, Scratch& scratch, TopLists& lists) const override;

  EaseOptions options_;
  std::shared_ptr<Device> device_;                    // null: the cpu
  Inverts* inverter_ = nullptr;                       // the same
  std::shared_ptr<detail::ProgramScores> on_device_;  // of the weights; null: lists on the cpu
  SymmetricMatrix fitted_;                            // owned, after fit
  std::shared_ptr<const SafetensorsFile> loaded_;     // or mapped, after load
  std::span<const float> weights_;
  std::int64_t stride_ = 0;
};

}  // namespace bascule
