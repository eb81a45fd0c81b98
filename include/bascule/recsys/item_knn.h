#pragma once
// Item-based nearest neighbours: B. Sarwar, G. Karypis, J. Konstan, J. Riedl, "Item-based
// Collaborative Filtering Recommendation Algorithms", WWW 2001; scores as in M. Deshpande,
// G. Karypis, "Item-based Top-N Recommendation Algorithms", TOIS 2004.
#include <optional>

#include <bascule/devices/neighbors.h>
#include <bascule/recsys/contract.h>
#include <bascule/recsys/weighting.h>

namespace bascule {

struct KnnOptions {
  std::int32_t neighbors = 100;
  NeighborOptions similarity = {};
  WeightingOptions weighting = {};
};

/// score(u, j) = Σ_i r_ui · s_ji over the items i of u's history that are among the `neighbors`
/// items nearest to j: the lists belong to the items that are recommended (Sarwar et al.,
/// section 3.2); docs/design/003 has what the other choice costs.
class ItemKnn final : public Recommender {
 public:
  explicit ItemKnn(const KnnOptions& options) : options_(options) {}

  [[nodiscard]] std::string_view type() const override { return "item-knn"; }
  [[nodiscard]] std::int64_t items() const override { return items_; }
  /// Stages: "index" (both orientations, weights, norms), "neighbors" (all items' top lists) and
  /// "targets" (the same lists by neighbour, which recommendations are summed from).
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) override;
  [[nodiscard]] std::vector<Recommendation> recommend(
      SparseLine history, const RecommendOptions& options) const override;
  [[nodiscard]] TopLists recommend_all(const CompressedView& histories,
                                       const RecommendOptions& options,
                                       ThreadPool& pool) const override;
  /// From the stored lists; kUsage when k is larger than they are (query() of an index answers
  /// those).
  [[nodiscard]] Result<std::vector<Recommendation>> similar_items(std::int32_t item, std::int32_t k,
                                                                  bool include_self) const override;
  void save(SafetensorsWriter& writer) const override;
  Status load(std::shared_ptr<const SafetensorsFile> file) override;

  /// The index of the items, for exact queries beyond the stored lists: the one of the last fit, or
  /// built from the same interactions.
  static Result<NeighborIndex> build_index(const CompressedView& interactions,
                                           const KnnOptions& options);

 private:
  struct Scratch;
  void recommend_into(SparseLine history, const RecommendOptions& options, Scratch& scratch,
                      std::vector<Recommendation>& out) const;

  void turn_lists();
  void use_fitted();

  KnnOptions options_;
  std::int64_t items_ = 0;
  std::shared_ptr<const SafetensorsFile> loaded_;  // the lists are mapped, or owned:
  NeighborLists fitted_;
  std::vector<std::int64_t> fitted_begin_;
  std::vector<std::int32_t> fitted_targets_;
  std::vector<float> fitted_weights_;

  std::int32_t width_ = 0;  // slots per item
  std::span<const std::int32_t> ids_;
  std::span<const float> scores_;
  // By neighbour i, from target_begin_[i] to target_begin_[i + 1]: the items j in whose list i is,
  // ascending, and s_ji.
  std::span<const std::int64_t> target_begin_;
  std::span<const std::int32_t> targets_;
  std::span<const float> target_weights_;
};

}  // namespace bascule
