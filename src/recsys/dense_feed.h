#pragma once
// Batches of users as dense matrices, made on the host: how a framework is fed that knows no sparse
// inputs. Nothing trains this way but the first rung of the ladder.
#include <cstdint>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/tensor/buffer.h>

#include "recsys/user_batches.h"

namespace bascule::detail {

class DenseFeed {
 public:
  /// Bytes of two matrices of so many rows.
  static std::int64_t bytes(std::int64_t users, std::int64_t items);
  explicit DenseFeed(std::int64_t items) : items_(items) {}

  /// Writes every element of both matrices. Takes memory for the largest batch so far; kFailed when
  /// it is not to be had.
  Status set(UserBatch& batch, ThreadPool& pool);
  [[nodiscard]] const float* input() const { return input_.data(); }      ///< [users, items]
  [[nodiscard]] const float* targets() const { return targets_.data(); }  ///< the same
  /// Seconds that set() took, in all.
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  std::int64_t items_;
  Buffer<float> input_, targets_;
  double seconds_ = 0;
};

}  // namespace bascule::detail
