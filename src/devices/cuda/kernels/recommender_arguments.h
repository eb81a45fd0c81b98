#pragma once
// Arguments of the recommenders' kernels. A candidate is one integer: the larger is the better,
// first by score, then by lower id; 0 is none.
#include <cstdint>

#include "devices/cuda/kernels/arguments.h"
#include "devices/cuda/kernels/qualifiers.h"

namespace bascule::cuda {

/// Candidates that a block puts in order at once, and lists that it merges into one.
inline constexpr int kTopTile = 2048, kTopGroup = 16;

/// Sorted lists, best first and filled up with 0, become one of each group; a block per line and
/// group. A candidate stands in one list only.
struct MergeArguments {
  const std::uint64_t* lists = nullptr;  ///< lines × count × width
  std::uint64_t* merged = nullptr;       ///< lines × groups × merged_width
  std::int32_t count = 0, width = 0, groups = 0, merged_width = 0;
};

/// The best of each tile of every row of scores (ScoredRows); a block per row and tile.
struct ScoreTopArguments {
  const float* scores = nullptr;               ///< rows × stride
  const std::int64_t* marked_begin = nullptr;  ///< by row, into `marked`; null: none are
  const std::int32_t* marked = nullptr;        ///< ascending in each row
  const float* deductions = nullptr;           ///< null: what is marked is no candidate
  const std::uint8_t* listed = nullptr;        ///< by column, 0: no candidate; null: all are
  std::uint64_t* lists = nullptr;              ///< rows × tiles × width
  std::int64_t stride = 0;
  std::int32_t columns = 0, tiles = 0, width = 0;
  float least = 0;
};

/// How a dot product becomes a score (devices/cpu/neighbors_data.h).
enum class NeighborForm : std::int32_t { kScale, kDivide, kUnion };

/// The best of each tile of points for every line that is searched for; a block per line and tile.
struct NeighborArguments {
  const std::int64_t* line_begin = nullptr;  ///< of all lines; the first searched for is `first`
  const std::int32_t* line_feature = nullptr;
  const float* line_value = nullptr;  ///< null: all are 1
  const float* line_left = nullptr;
  const std::int32_t* line_excluded = nullptr;  ///< a rank, by line; null: the line's own, or none
  const std::int64_t* list_begin = nullptr;     ///< by feature
  const std::int32_t* list_rank = nullptr;      ///< ascending in each list
  const float* list_value = nullptr;            ///< null: all are 1
  const float* right = nullptr;                 ///< by rank
  const std::int32_t* id_of = nullptr;          ///< by rank
  std::uint64_t* lists = nullptr;               ///< lines × tiles × width
  std::int64_t first = 0;
  std::int32_t points = 0, tiles = 0, width = 0;
  NeighborForm form = NeighborForm::kScale;
  float shrinkage = 0, least = 0;
  bool exclude_self = true;
};

/// scores[query, point] = cosine of two dense rows, 0 where a norm is 0; a block per point.
struct DenseCosineArguments {
  const float* points = nullptr;   ///< count × features
  const float* norms = nullptr;    ///< by point
  const float* queries = nullptr;  ///< queries × features
  const float* query_norms = nullptr;
  float* scores = nullptr;  ///< queries × count
  std::int64_t count = 0, features = 0;
  std::int32_t query_count = 0;
};

/// Elements along a side of a block's tile, and the longest row of factors that there is room for.
inline constexpr int kFactorTile = 16, kMostFactors = 1024;

/// FᵀF: sums of pieces of the rows first, each in single precision, then these.
struct FactorGramArguments {
  const float* factors = nullptr;  ///< rows × stride
  float* pieces = nullptr;         ///< piece_count × count × count
  float* gram = nullptr;           ///< count × count
  std::int64_t rows = 0, stride = 0, piece_rows = 0;
  std::int32_t count = 0, tiles = 0, piece_count = 0;
};

/// Conjugate gradients for each row of `observed` from what `out` holds; a block per row.
struct LeastSquaresArguments {
  SparseMatrix observed;
  const float* factors = nullptr;  ///< rows × stride, those of what is observed
  const float* gram = nullptr;     ///< FᵀF, count × count
  float* out = nullptr;            ///< a row of factors, `stride` apart, for each of `observed`
  std::int64_t rows = 0, stride = 0;
  std::int32_t count = 0, steps = 0;
  float unobserved = 0, l2 = 0, exponent = 0;
};

/// Coordinate descent for the columns from `first` on; a block per column, with memory of its own.
struct ElasticNetArguments {
  const float* gram = nullptr;     ///< columns × stride, whole
  const float* squares = nullptr;  ///< its diagonal
  float* gradient = nullptr;       ///< blocks × columns
  std::uint8_t* state = nullptr;   ///< blocks × columns
  std::int32_t* active = nullptr;  ///< blocks × most: which have been worked on
  float *slopes = nullptr, *weights = nullptr, *spread = nullptr;  ///< of these
  std::int32_t* found = nullptr;                                   ///< how many, by block
  std::int64_t stride = 0;
  std::int32_t columns = 0, first = 0, most = 0, candidates = 0, iterations = 0;
  std::int32_t first_coordinates = 0;  ///< that are worked on at first
  float least = 0;                     ///< a product that is not above it makes no candidate
  float l1 = 0, l2 = 0, tolerance = 0;
};

/// Rows of a matrix put together: as they are, and scaled, less what is left out.
struct BatchArguments {
  SparseMatrix matrix;
  const double* inverse_length = nullptr;  ///< by row of the matrix
  const std::int32_t* rows = nullptr;      ///< of the batch
  std::int64_t* plain_offsets = nullptr;   ///< count + 1
  std::int32_t* plain_indices = nullptr;
  float* plain_values = nullptr;
  std::int64_t* scaled_offsets = nullptr;  ///< count + 1
  std::int32_t* scaled_indices = nullptr;
  float* scaled_values = nullptr;
  std::int64_t count = 0, columns = 0;  ///< rows of the batch, columns of the matrix
  std::uint64_t step = 0;               ///< of the random numbers
  std::uint32_t key[2] = {};
  float rate = 0;   ///< share that is left out
  double kept = 1;  ///< 1 − rate, of the rate in double precision
};

}  // namespace bascule::cuda
