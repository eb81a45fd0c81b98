#pragma once
// ELSA: V. Vancura, R. Alves, P. Kasalicky, P. Kordik, "Scalable Linear Shallow Autoencoder for
// Collaborative Filtering", RecSys 2022.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <bascule/recsys/autoencoder.h>

namespace bascule {

struct ElsaOptions {
  std::int64_t factors = 256;  ///< numbers per item: the rank of the weights
  nn::OptimizerOptions optimizer = nn::adam(0.01);
  std::int64_t epochs = 60, batch_size = 500;
  nn::EarlyStopping early_stopping = {};  ///< monitor "": valid_ndcg@100
  std::uint64_t seed = 1;
  Precision precision = Precision::kFp32;
};

/// EASE for more items than a matrix of all pairs has room for: scores are x (U Uᵀ − I), where the
/// rows of U [items, factors] have length 1, so that no item speaks for itself. U is learned from
/// batches of users, whose scores are to point where their items do: the loss of a user is the
/// squared distance between x and his scores, both scaled to length 1. Memory and a step's work
/// grow with items × factors; no batch's scores are ever computed.
class Elsa final : public Autoencoder {
 public:
  explicit Elsa(ElsaOptions options);

  [[nodiscard]] std::string_view type() const override { return "elsa"; }
  /// By the cosine of two rows of U.
  [[nodiscard]] Result<std::vector<Recommendation>> similar_items(
      std::int32_t item, const SimilarOptions& options) const override;

 private:
  [[nodiscard]] std::unique_ptr<detail::AutoencoderForm> make_form(
      std::int64_t items) const override;

  ElsaOptions options_;
};

/// "…, which takes 1.2 GB": for messages of models whose matrix of all pairs does not fit.
std::string elsa_instead(const CompressedView& interactions);

}  // namespace bascule
