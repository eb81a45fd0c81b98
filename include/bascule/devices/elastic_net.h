#pragma once
// Least squares with an elastic net and weights that are not negative, on the CPU: each column of a
// matrix from all its other columns. Results depend on the instruction set, not on the number of
// threads.
#include <cstdint>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/devices/symmetric.h>

namespace bascule {

/// For column j of X the w >= 0 with w_j = 0 that minimises
///   1/2 |x_j − X w|² + l1 Σ w + l2/2 |w|²,
/// found from XᵀX alone by coordinate descent (J. Friedman, T. Hastie, R. Tibshirani,
/// "Regularization Paths for Generalized Linear Models via Coordinate Descent", Journal of
/// Statistical Software 2010: "covariance updates").
struct ElasticNet {
  float l1 = 1;                    ///< finite and >= 0
  float l2 = 1;                    ///< finite and > 0
  float tolerance = 1e-4F;         ///< done when no weight would move by more; > 0
  std::int32_t iterations = 1000;  ///< most passes over the weights of a column; >= 1
  /// Only the so many columns most like the column (by cosine, ties to the lower) may have a
  /// weight; 0: all.
  std::int32_t candidates = 0;
};

struct ColumnWeight {
  std::int32_t column = 0;
  float weight = 0;
};

/// So many weights are sought for a column, at most: those that promise most when they are found.
/// This bounds the memory of a problem that is hardly sparse.
inline constexpr std::int64_t kMostColumnWeights = 2048;

/// The weights above zero of every column, ascending in column, by `gram`, which is XᵀX, whole.
/// Fastest where columns come by falling frequency. Fails with kBadData when a column's sum of
/// squares is out of the range of single precision.
Result<std::vector<std::vector<ColumnWeight>>> elastic_net(const SymmetricMatrix& gram,
                                                           const ElasticNet& problem,
                                                           ThreadPool& pool);

/// The most memory that elastic_net() works in beside its result.
std::int64_t elastic_net_bytes(std::int64_t columns, int threads);

}  // namespace bascule
