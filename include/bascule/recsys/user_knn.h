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
  explicit UserKnn(const KnnOptions& options);
  ~UserKnn() override;

  [[nodiscard]] std::string_view type() const override { return "user-knn"; }
  [[nodiscard]] std::int64_t items() const override { return interactions_.minors; }
  /// Searches the users nearest to a history there; their items are summed on the CPU.
  Status use_device(std::shared_ptr<Device> device) override;
  [[nodiscard]] Status device_status() const override;
  [[nodiscard]] bool lists_on_device() const override { return device_ != nullptr; }
  /// Stages: "index", and on a device "transfer".
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
  struct OnDevice;
  Status index_interactions();
  Status place_index();
  void recommend_into(SparseLine history, const RecommendOptions& options, Scratch& scratch,
                      std::vector<Recommendation>& out) const;
  /// Of users on end, by a device; no neighbours once it has failed.
  [[nodiscard]] std::vector<std::vector<Neighbor>> near_on_device(
      std::span<const SparseLine> histories) const;
  [[nodiscard]] TopLists recommend_on_device(const CompressedView& histories,
                                             const RecommendOptions& options,
                                             ThreadPool& pool) const;

  KnnOptions options_;
  CsrMatrix fitted_;                               // owned, after fit
  std::shared_ptr<const SafetensorsFile> loaded_;  // or mapped, after load
  CompressedView interactions_;
  Weigher weigher_;
  std::optional<NeighborIndex> index_;
  std::shared_ptr<Device> device_;       // null: the cpu
  std::unique_ptr<OnDevice> on_device_;  // where there is a device, after fit and load
};

}  // namespace bascule
