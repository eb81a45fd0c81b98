#pragma once
// Item-based nearest neighbours: B. Sarwar, G. Karypis, J. Konstan, J. Riedl, "Item-based
// Collaborative Filtering Recommendation Algorithms", WWW 2001; scores as in M. Deshpande,
// G. Karypis, "Item-based Top-N Recommendation Algorithms", TOIS 2004.
#include <bascule/devices/neighbors.h>
#include <bascule/recsys/sparse_weights.h>
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
class ItemKnn final : public SparseWeightsRecommender {
 public:
  explicit ItemKnn(const KnnOptions& options) : options_(options) {}

  [[nodiscard]] std::string_view type() const override { return "item-knn"; }
  /// Finds the neighbours there, in fit().
  Status use_device(std::shared_ptr<Device> device) override;
  /// Stages: "index" (both orientations, weights, norms), on a device "transfer" (of the index to
  /// it), "neighbors" (all items' top lists, taken back from the device) and "targets" (the same
  /// lists by neighbour, which recommendations are summed from).
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) override;
  /// From the stored lists; kUsage when they are too short for k items that pass (query() of an
  /// index answers those).
  [[nodiscard]] Result<std::vector<Recommendation>> similar_items(
      std::int32_t item, const SimilarOptions& options) const override;
  /// Beside the weights, the lists: tensors "neighbors.ids" i32 and "neighbors.scores" f32
  /// [items, neighbors], best first, shorter lists filled up with id −1.
  void save(SafetensorsWriter& writer) const override;
  Status load(std::shared_ptr<const SafetensorsFile> file) override;

  /// The index of the items, for exact queries beyond the stored lists: the one of the last fit, or
  /// built from the same interactions.
  static Result<NeighborIndex> build_index(const CompressedView& interactions,
                                           const KnnOptions& options);

 private:
  KnnOptions options_;
  std::shared_ptr<Device> device_;  // null: the cpu
  NeighborLists fitted_;            // owned, after fit; else the lists are mapped
  std::int32_t width_ = 0;          // slots per item
  std::span<const std::int32_t> ids_;
  std::span<const float> scores_;
};

}  // namespace bascule
