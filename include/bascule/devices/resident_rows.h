#pragma once
// A sparse matrix that stays on a device, where batches of its rows are put together: only which
// rows they are goes there step by step.
#include <cstdint>
#include <memory>
#include <span>

#include <bascule/base/random_values.h>
#include <bascule/base/status.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

struct CsrArgument;

/// Elements that are left out of rows: that of row r and column i by the random number of element
/// r · columns + i.
struct RowDropout {
  double rate = 0;  ///< in [0, 1)
  RandomValues random{0, 0};
  std::uint64_t step = 0;
};

/// 1 over the Euclidean length of a row; 0 of a row of zeros.
double inverse_length(SparseLine line);

/// Of a device, which it must not outlive.
class ResidentRows {
 public:
  ResidentRows() = default;
  virtual ~ResidentRows() = default;
  ResidentRows(const ResidentRows&) = delete;
  ResidentRows& operator=(const ResidentRows&) = delete;

  /// Puts these rows together, in this order, ordered like all that the device is asked for; what
  /// fails is told by Device::synchronize(). At most as many as keep() was told of.
  virtual void gather(std::span<const std::int32_t> rows, const RowDropout& dropout) = 0;
  /// The last ones on the device, in memory that stays where it is: as they are, and less the
  /// elements that are left out, scaled to length 1 and by 1 / (1 − rate).
  [[nodiscard]] virtual const CsrArgument& plain() const = 0;
  [[nodiscard]] virtual const CsrArgument& scaled() const = 0;
};

/// A device with kernels for that.
class KeepsRows {
 public:
  virtual ~KeepsRows() = default;
  /// The rows copied there, with room for batches of so many rows and elements. kFailed when memory
  /// is short, before anything is copied, or the device fails.
  [[nodiscard]] virtual Result<std::unique_ptr<ResidentRows>> keep(const CompressedView& matrix,
                                                                   std::int64_t rows,
                                                                   std::int64_t elements) = 0;
};

/// What keep() takes for a matrix and batches of so many rows with so many elements at most.
std::int64_t resident_bytes(const CompressedView& matrix, std::int64_t rows, std::int64_t elements);

}  // namespace bascule
