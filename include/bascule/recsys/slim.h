#pragma once
// Sparse linear methods: X. Ning, G. Karypis, "SLIM: Sparse Linear Methods for Top-N Recommender
// Systems", ICDM 2011.
#include <string>
#include <string_view>

#include <bascule/devices/solves_elastic_nets.h>
#include <bascule/recsys/sparse_weights.h>

namespace bascule {

/// l1 and l2 are those of the paper. scikit-learn's ElasticNet divides the squares by the number of
/// users: l1 = users · alpha · l1_ratio, l2 = users · alpha · (1 − l1_ratio). `candidates` above 0
/// is the paper's fsSLIM.
using SlimOptions = ElasticNet;

/// score(u, j) = Σ_i x_ui w_ij, where column j of W minimises
/// 1/2 |x_j − X w_j|² + l1 |w_j|₁ + l2/2 |w_j|² with w_j >= 0, w_jj = 0.
class Slim final : public SparseWeightsRecommender {
 public:
  explicit Slim(const SlimOptions& options) : options_(options) {}

  [[nodiscard]] std::string_view type() const override { return "slim"; }
  /// Four bytes for every pair of items, and room for as many weights as there may be.
  [[nodiscard]] std::int64_t fit_bytes(const CompressedView& interactions) const override;
  [[nodiscard]] std::string instead(const CompressedView& interactions) const override;
  /// The weights are found there. kUsage where the device has no way.
  Status use_device(std::shared_ptr<Device> device) override;
  [[nodiscard]] Result<std::int64_t> device_fit_bytes(
      const CompressedView& interactions) const override;
  /// Stages "gram", "transfer" (to a device, if there is one), "weights" and "targets". kBadData
  /// when ratings are out of the range of single precision.
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) override;

 private:
  SlimOptions options_;
  std::shared_ptr<SolvesElasticNets> device_;  // null: the CPU
};

}  // namespace bascule
