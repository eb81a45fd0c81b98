#pragma once
#include <cstdint>
#include <memory>

#include <bascule/base/status.h>
#include <bascule/devices/least_squares.h>

namespace bascule {

/// Alternating least squares where a device keeps what it takes: the observations both ways, and
/// the factors of both sides. Must not outlive the device.
class AlternatingFactors {
 public:
  AlternatingFactors() = default;
  virtual ~AlternatingFactors() = default;
  AlternatingFactors(const AlternatingFactors&) = delete;
  AlternatingFactors& operator=(const AlternatingFactors&) = delete;

  /// As solve_rows() within the rounding of single precision: all users by the items' factors, or
  /// the other way round. What fails is told by read_items().
  virtual void solve_users(int steps) = 0;
  virtual void solve_items(int steps) = 0;
  /// The items' factors, into a matrix of that shape. kFailed once the device failed.
  virtual Status read_items(FactorMatrix& items) = 0;
};

/// A device that does such half steps.
class SolvesLeastSquares {
 public:
  virtual ~SolvesLeastSquares() = default;
  /// The longest row of factors that it takes.
  [[nodiscard]] virtual std::int64_t most_factors() const = 0;
  /// Users × items and the same turned round, with the first factors of the items; those of the
  /// users are zeros. kUsage for more factors than most_factors(); kFailed when memory is short,
  /// before anything is copied, or the device fails.
  [[nodiscard]] virtual Result<std::unique_ptr<AlternatingFactors>> alternate(
      const CompressedView& by_user, const CompressedView& by_item, const FactorMatrix& items,
      const LeastSquares& problem) = 0;
};

/// What alternate() takes of the device's memory.
std::int64_t alternating_bytes(const CompressedView& by_user, std::int64_t factors);

}  // namespace bascule
