#pragma once
// User-based nearest neighbours: P. Resnick et al., "GroupLens: An Open Architecture for
// Collaborative Filtering of Netnews", CSCW 1994, in its top-N form.
#include <optional>

#include <bascule/devices/neighbors.h>
#include <bascule/recsys/contract.h>
#include <bascule/recsys/item_knn.h>

namespace bascule {

/// score(u, j) = Σ_v s_uv · r_vj over the `neighbors` training users v nearest to u's history. A
/// training user that asks with his own history meets himself among the neighbours; that adds only
/// to items he already has.
class UserKnn final : public Recommender {
 public:
  explicit UserKnn(const KnnOptions& options) : options_(options) {}

  [[nodiscard]] std::string_view type() const override { return "user-knn"; }
  [[nodiscard]] std::int64_t items() const override { return interactions_.minors; }
  /// Stage: "index".
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) override;
  [[nodiscard]] std::vector<Recommendation> recommend(
      SparseLine history, const RecommendOptions& options) const override;
  [[nodiscard]] TopLists recommend_all(const CompressedView& histories,
                                       const RecommendOptions& options,
                                       ThreadPool& pool) const override;
  void save(SafetensorsWriter& writer) const override;
  Status load(std::shared_ptr<const SafetensorsFile> file) override;

 private:
  struct Scratch;
  Status index_interactions();
  void recommend_into(SparseLine history, const RecommendOptions& options, Scratch& scratch,
                      std::vector<Recommendation>& out) const;

  KnnOptions options_;
  CsrMatrix fitted_;                               // owned, after fit
  std::shared_ptr<const SafetensorsFile> loaded_;  // or mapped, after load
  CompressedView interactions_;
  Weigher weigher_;
  std::optional<NeighborIndex> index_;
};

}  // namespace bascule
