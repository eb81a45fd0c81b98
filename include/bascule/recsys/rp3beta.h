#pragma once
// Random walks of three steps on the graph of users and items: B. Paudel, F. Christoffel,
// C. Newell, A. Bernstein, "Updatable, Accurate, Diverse, and Scalable Recommendations for
// Interactive Applications", ACM TiiS 7(1), 2017, as weights between items, in the form of
// M. Ferrari Dacrema, P. Cremonesi, D. Jannach, "Are We Really Making Much Progress?", RecSys 2019.
#include <bascule/recsys/sparse_weights.h>

namespace bascule {

struct Rp3betaOptions {
  std::int32_t neighbors = 100;     ///< K, >= 1
  float transition_exponent = .8F;  ///< α, finite and >= 0
  float popularity_exponent = .5F;  ///< β, finite and >= 0
  bool normalise = true;            ///< rows of W sum to 1
};

/// score(u, j) = Σ_i x_ui w_ij, w_ij = Σ_v (x_vi / X_i)^α (x_vj / X_v)^α / n_j^β where X_i is the
/// sum of item i's interactions, X_v that of user v's and n_j the number of users of j: where a
/// walk from i to one of its users and on to one of his items ends, less for popular ends. Of each
/// row the K largest are kept, then, after they were normalised, of each column.
class Rp3beta final : public SparseWeightsRecommender {
 public:
  explicit Rp3beta(const Rp3betaOptions& options) : options_(options) {}

  [[nodiscard]] std::string_view type() const override { return "rp3beta"; }
  /// The largest of all rows are found there.
  Status use_device(std::shared_ptr<Device> device) override;
  /// K weights for every item, and the interactions in both orientations.
  [[nodiscard]] std::int64_t fit_bytes(const CompressedView& interactions) const override;
  /// Stages "index", "transfer" (to a device, if there is one), "neighbors" (all rows' largest) and
  /// "targets" (the same by column). kBadData when an interaction is negative.
  Status fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) override;

 private:
  Rp3betaOptions options_;
  std::shared_ptr<Device> device_;  // null: the CPU
};

}  // namespace bascule
