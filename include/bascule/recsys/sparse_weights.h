#pragma once
// What models of sparse weights between items have in common.
#include <cstdint>
#include <memory>
#include <vector>

#include <bascule/recsys/contract.h>

namespace bascule {

/// score(u, j) = Σ_i x_ui w_ij over the items i of u's history that have a weight for j. A model
/// says how it finds W; lists are the same for all: of the items with a score above zero, so that
/// weights of zero need not be stored.
class SparseWeightsRecommender : public Recommender {
 public:
  [[nodiscard]] std::int64_t items() const final { return weights_.majors; }
  [[nodiscard]] std::vector<Recommendation> recommend(SparseLine history,
                                                      const RecommendOptions& options) const final;
  [[nodiscard]] TopLists recommend_all(const CompressedView& histories,
                                       const RecommendOptions& options,
                                       ThreadPool& pool) const final;
  /// By w_ij, largest first, as many as are above zero; the item itself, if wanted, comes first
  /// with score 1.
  [[nodiscard]] Result<std::vector<Recommendation>> similar_items(
      std::int32_t item, const SimilarOptions& options) const override;
  /// The rows of W: tensors "targets.offsets" i64 [items + 1], "targets.ids" i32 and
  /// "targets.weights" f32, of row i from offsets[i] to offsets[i + 1], ids ascending.
  void save(SafetensorsWriter& writer) const override;
  Status load(std::shared_ptr<const SafetensorsFile> file) override;

 protected:
  /// The weights of a fit, items × items: row i what an item i of the history adds to.
  void use_weights(Compressed weights);
  /// The file that the weights are mapped from; null after a fit.
  [[nodiscard]] const SafetensorsFile* mapped() const { return loaded_.get(); }

 private:
  Compressed fitted_;                              // owned, after a fit
  std::shared_ptr<const SafetensorsFile> loaded_;  // or mapped, after load
  CompressedView weights_;
};

}  // namespace bascule
