#pragma once
// Exact nearest neighbours among the lines of a sparse matrix: items compared by their users
// (item-kNN) or users by their items (user-kNN). The lines that are compared are called points, the
// other axis features.
//
// A neighbour is a point with a score above zero; of equal scores the lower point index comes
// first. Scores are single precision; sums of small integers (ratings, binary data) are exact.
// Results depend neither on the number of threads nor on the instruction set.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/tensor/buffer.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

enum class Similarity {
  kCosine,
  kJaccard,  ///< shared features / features of either; values are ignored, explicit zeros count
  kPearson,  ///< cosine after subtracting each feature's mean over its non-zeros ("adjusted
             ///< cosine")
  kProduct   ///< the dot product, times the neighbour's factor where build() is given factors
};

/// score(i, j), the score of j in the list of i, is
///   cosine, Pearson: dot / (|i|^(2·alpha) · |j|^(2·(1 − alpha)) + shrinkage)
///   Jaccard:         shared / (n_i + n_j − shared + shrinkage)
///   product:         dot · factor_j
/// alpha = 0.5 without shrinkage is the plain cosine; other values are the asymmetric cosine of
/// F. Aiolli, "Efficient top-n recommendation for very large scale binary rated datasets",
/// RecSys 2013.
struct NeighborOptions {
  Similarity similarity = Similarity::kCosine;
  float shrinkage = 0;  ///< finite, >= 0; not of products
  float alpha = 0.5F;   ///< in [0, 1]; only cosine and Pearson
};

/// Which lines of the matrix are the points.
enum class PointAxis { kMajors, kMinors };

struct Neighbor {
  std::int32_t id = 0;
  float score = 0;
  bool operator==(const Neighbor&) const = default;
};

/// Neighbours of all points, k slots each, best first; a point with fewer neighbours has its last
/// slots filled with id −1, score 0.
struct NeighborLists {
  std::int64_t points = 0;
  std::int32_t k = 0;
  std::vector<std::int32_t> ids;  ///< points × k
  std::vector<float> scores;      ///< points × k
};

namespace detail {
struct NeighborData;
struct NeighborWorkspace;
}  // namespace detail

/// The matrix prepared for searching: both orientations, points ordered by popularity, norms.
/// Immutable; any number of threads may query it. Takes 16 bytes per non-zero (8 for binary data)
/// and up to 32 per point for heavy features.
class NeighborIndex {
 public:
  /// `matrix` may be dropped afterwards. For users × items as CSR, kMinors indexes the items and
  /// kMajors the users. `factors`, for kProduct alone, are finite and >= 0, one for each point, or
  /// none where all are 1. Fails with kUsage on options out of range, with kBadData when a point's
  /// norm is too large or too small for single precision, and with kFailed when more than 2^31
  /// points or features are given.
  static Result<NeighborIndex> build(const CompressedView& matrix, PointAxis points,
                                     const NeighborOptions& options = {},
                                     ThreadPool& pool = default_pool(),
                                     std::span<const float> factors = {});
  NeighborIndex(NeighborIndex&&) noexcept;
  NeighborIndex& operator=(NeighborIndex&&) noexcept;
  ~NeighborIndex();

  [[nodiscard]] std::int64_t points() const;
  [[nodiscard]] std::int64_t features() const;
  [[nodiscard]] const NeighborOptions& options() const;
  [[nodiscard]] const detail::NeighborData& data() const { return *data_; }

 private:
  explicit NeighborIndex(std::unique_ptr<detail::NeighborData> data);
  std::unique_ptr<detail::NeighborData> data_;
};

/// Working memory of one thread's queries (about 5 bytes per point, 24 per feature), to be reused.
class NeighborScratch {
 public:
  explicit NeighborScratch(const NeighborIndex& index);
  NeighborScratch(NeighborScratch&&) noexcept;
  NeighborScratch& operator=(NeighborScratch&&) noexcept;
  ~NeighborScratch();
  [[nodiscard]] detail::NeighborWorkspace& workspace() const { return *workspace_; }

 private:
  std::unique_ptr<detail::NeighborWorkspace> workspace_;
};

/// No point is left out of a query.
inline constexpr std::int32_t kExcludeNone = -1;

/// The k points nearest to `vector` (feature indices ascending, finite values), best first, only
/// touching points that share a feature with it. Features outside the index are ignored in the dot
/// product but count in the norm. `exclude` is left out of the answer.
std::vector<Neighbor> query(const NeighborIndex& index, SparseLine vector, std::int32_t k,
                            std::int32_t exclude, NeighborScratch& scratch);

/// The k points nearest to `point` of the index. The point itself is left out unless
/// `include_self`.
std::vector<Neighbor> query(const NeighborIndex& index, std::int32_t point, std::int32_t k,
                            bool include_self, NeighborScratch& scratch);

/// The k nearest of every point, the point itself left out. Fails with kUsage when k < 1 and with
/// kFailed when points × k does not fit into memory.
Result<NeighborLists> all_neighbors(const NeighborIndex& index, std::int32_t k,
                                    ThreadPool& pool = default_pool());

/// Every point written out: points × features, row-major float32, with row norms. The memory that
/// the sparse index saves; for the comparison with dense libraries.
struct DenseMatrix {
  std::int64_t points = 0, features = 0;
  Buffer<float> values;      ///< points × features
  std::vector<float> norms;  ///< Euclidean, per point
};

/// Bytes that dense_matrix() takes for this shape (saturating).
std::int64_t dense_matrix_bytes(std::int64_t points, std::int64_t features);

/// Fails with kFailed, naming the size in GB, when it exceeds the memory that is free.
Result<DenseMatrix> dense_matrix(const CompressedView& matrix, PointAxis points,
                                 ThreadPool& pool = default_pool());

/// Cosine of every row with `vector` (features() values) by a matrix-vector product, parallel over
/// rows, then the k best. Rows with a zero norm and scores <= 0 are left out.
std::vector<Neighbor> dense_query(const DenseMatrix& matrix, std::span<const float> vector,
                                  std::int32_t k, std::int32_t exclude,
                                  ThreadPool& pool = default_pool());

}  // namespace bascule
