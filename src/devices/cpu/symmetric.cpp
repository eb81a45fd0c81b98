#include "devices/cpu/symmetric.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include <bascule/base/checked.h>

#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/linear.h"
#include "devices/cpu/word_kernels.h"

namespace bascule {
namespace {

using detail::GemmKernels;
using detail::kLanes;

/// Columns that are eliminated at a time, whole panels and whole row blocks. More of them: the
/// matrix is walked over less often, but the block column is multiplied by a larger square.
constexpr std::int64_t kBlock = 384;
constexpr std::int64_t kRows = 192;  // of a piece of the update: they stay in the second cache
/// Of smaller matrices much of a tile of 32 rows lies beyond the diagonal.
constexpr std::int64_t kLeastInThirds = 1024;

std::int64_t round_up(std::int64_t n, std::int64_t unit) {
  return (n + unit - 1) / unit * unit;
}

/// Inverts a dense matrix [n, n] in place without exchanging rows; false at a pivot that is not
/// positive.
bool invert_block(std::vector<double>& a, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k) {
    double* pivot_row = a.data() + k * n;
    if (!(pivot_row[k] > 0)) return false;
    const double scale = 1 / pivot_row[k];
    pivot_row[k] = 1;
    for (std::int64_t j = 0; j < n; ++j) pivot_row[j] *= scale;
    for (std::int64_t i = 0; i < n; ++i) {
      if (i == k) continue;
      double* row = a.data() + i * n;
      const double factor = row[k];
      row[k] = 0;
      for (std::int64_t j = 0; j < n; ++j) row[j] -= factor * pivot_row[j];
    }
  }
  return true;
}

/// One block step of the elimination. With S the block column [order, width] and D the inverse of
/// its diagonal block, A − S D Sᵀ takes the place of the rest, S D that of the block column, and −D
/// that of the diagonal block; after all steps the matrix is −A⁻¹.
class Sweep {
 public:
  Sweep(const GemmKernels& kernels, SymmetricMatrix& matrix, ThreadPool& pool)
      : kernels_(kernels), a_(matrix), pool_(pool), n_(matrix.order()) {
    tile_.rows = kernels.rows;
    if (n_ < kLeastInThirds) return;
    words_ = kernels.thirds;
    if (words_ != nullptr) tile_ = words_->shape;
  }

  Status allocate() {
    BASCULE_ASSIGN(column_, Buffer<float>::make(static_cast<std::size_t>(n_ * kBlock)));
    BASCULE_ASSIGN(product_, Buffer<float>::make(static_cast<std::size_t>(n_ * kBlock)));
    const auto padded = round_up(n_, detail::kWidestPanel);
    BASCULE_ASSIGN(panels_,
                   Buffer<float>::make(static_cast<std::size_t>(padded * tile_.units(kBlock))));
    if (words_ != nullptr) {
      const std::int64_t rows = pool_.threads() * kRows;
      BASCULE_ASSIGN(rows_of_words_,
                     Buffer<float>::make(static_cast<std::size_t>(rows * tile_.units(kBlock))));
    }
    BASCULE_ASSIGN(inverse_, Buffer<float>::make(static_cast<std::size_t>(kBlock * kBlock)));
    return {};
  }

  Status step(std::int64_t begin) {
    begin_ = begin;
    width_ = std::min(kBlock, n_ - begin);
    copy_column();
    BASCULE_TRY(invert_diagonal());
    BASCULE_TRY(multiply_column());
    pack_column();
    update();
    store_column();
    return {};
  }

 private:
  [[nodiscard]] std::int64_t end() const { return begin_ + width_; }

  void copy_column() {
    const Chunks chunks{n_, kRows};
    pool_.run(chunks.chunks(), [&](std::int64_t chunk, int) {
      for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
        float* out = column_.data() + i * width_;
        for (std::int64_t k = 0; k < width_; ++k)
          out[k] = i >= begin_ + k ? a_.at(i, begin_ + k) : a_.at(begin_ + k, i);
      }
    });
  }

  /// −D, in double precision on the way.
  Status invert_diagonal() {
    const float* block = column_.data() + begin_ * width_;
    block_.assign(block, block + width_ * width_);
    if (!invert_block(block_, width_))
      return {Code::kFailed, "the matrix is not positive definite in single precision"};
    for (std::int64_t i = 0; i < width_ * width_; ++i)
      inverse_[static_cast<std::size_t>(i)] = static_cast<float>(-block_[i]);
    return {};
  }

  /// −S D.
  Status multiply_column() {
    const detail::GemmPlan plan = detail::plan_gemm(kernels_, {n_, width_, width_, false, false});
    const auto floats = static_cast<std::size_t>(plan.workspace_floats(pool_.threads()));
    if (workspace_.size() < floats) {
      BASCULE_ASSIGN(workspace_, Buffer<float>::make(floats));
    }
    detail::gemm(plan, column_.data(), inverse_.data(), product_.data(), workspace_.data(), pool_);
    return {};
  }

  /// Sᵀ in panels of columns.
  void pack_column() {
    const std::int64_t panel = kernels_.panel;
    const Chunks chunks{n_, panel};
    pool_.run(chunks.chunks(), [&](std::int64_t p, int) {
      const std::int64_t valid = chunks.end(p) - chunks.begin(p);
      const auto pack = words_ != nullptr ? words_->pack_columns : kernels_.pack_columns;
      pack(column_.data() + p * panel * width_, width_, width_, valid, round_up(valid, kLanes),
           panels_.data() + p * panel * depth());
    });
  }

  /// The lower triangle but for the block's rows and columns.
  void update() {
    const Chunks chunks{n_, kRows};
    pool_.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
      const detail::FlushDenormals flush;
      // The longest rows first.
      const std::int64_t piece = chunks.chunks() - 1 - chunk;
      const std::int64_t first = chunks.begin(piece), last = chunks.end(piece);
      if (first >= begin_ && last <= end()) return;
      update_rows(first, last, factor_rows(first, last, thread));
      if (words_ != nullptr) words_->release();
    });
  }

  /// Of the depth of a block's products, in what they multiply.
  [[nodiscard]] std::int64_t depth() const { return tile_.units(width_); }
  /// Rows of −S D as the tiles read them.
  const float* factor_rows(std::int64_t first, std::int64_t last, int thread) {
    const float* rows = product_.data() + first * width_;
    if (words_ == nullptr) return rows;
    float* words = rows_of_words_.data() + thread * kRows * depth();
    for (std::int64_t row = 0; row < last - first; ++row)
      words_->pair_along(rows + row * width_, width_, words + row * depth());
    return words;
  }

  void update_rows(std::int64_t first, std::int64_t last, const float* factor) {
    const auto& tiles =
        (words_ != nullptr ? words_->tiles : kernels_.tiles)[int(detail::TileAccess::kRows)];
    for (std::int64_t column = 0; column < last; column += kernels_.panel) {
      if (column >= begin_ && column < end()) continue;
      const std::int64_t width = std::min(kernels_.panel, round_up(n_ - column, kLanes));
      for (std::int64_t row = first; row < last; row += tile_.rows) {
        const std::int64_t rows = std::min<std::int64_t>(tile_.rows, last - row);
        detail::Tile tile{};
        tile.parts[0] = {factor + (row - first) * depth(), depth(), 1, depth(), 0};
        tile.rows = rows;
        tile.b = panels_.data() + column * depth();
        tile.c = a_.row(row) + column;
        tile.c_stride = a_.stride();
        tile.accumulate = true;
        row + rows < last ? fetch(row + rows, last, column)
                          : fetch(first, last, column + kernels_.panel);
        tiles[width / kLanes - 1][rows - 1](tile);
      }
    }
  }

  /// What the next tile adds to: of so many rows as the update goes through, the processor does not
  /// find out by itself where it goes on.
  void fetch(std::int64_t first, std::int64_t last, std::int64_t column) const {
    if (column >= n_) return;
    const std::int64_t end = std::min<std::int64_t>(first + tile_.rows, last);
    for (std::int64_t row = first; row < end; ++row)
      for (std::int64_t j = 0; j < kernels_.panel; j += kLanes)
        __builtin_prefetch(a_.row(row) + column + j, 1);
  }

  void store_column() {
    const Chunks chunks{n_, kRows};
    pool_.run(chunks.chunks(), [&](std::int64_t chunk, int) {
      for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
        const float* from = product_.data() + i * width_;
        if (i >= begin_ && i < end()) from = inverse_.data() + (i - begin_) * width_;
        const float sign = i >= begin_ && i < end() ? 1.0F : -1.0F;
        for (std::int64_t k = 0; k < width_; ++k) {
          if (i >= begin_ + k)
            a_.at(i, begin_ + k) = sign * from[k];
          else if (i < begin_)
            a_.at(begin_ + k, i) = sign * from[k];
        }
      }
    });
  }

  const GemmKernels& kernels_;
  SymmetricMatrix& a_;
  ThreadPool& pool_;
  const std::int64_t n_;
  std::int64_t begin_ = 0, width_ = 0;
  const detail::WordKernels* words_ = nullptr;  ///< set where the update is made in thirds
  detail::TileShape tile_;
  Buffer<float> column_, product_, panels_, inverse_, workspace_, rows_of_words_;
  std::vector<double> block_;
};

}  // namespace

std::int64_t SymmetricMatrix::stride_for(std::int64_t order) {
  constexpr std::int64_t kTurn = 1024;
  const std::int64_t stride = round_up(order, kLanes);
  return stride % kTurn == 0 ? stride + kLanes : stride;
}

Result<SymmetricMatrix> SymmetricMatrix::allocate(std::int64_t order) {
  SymmetricMatrix out;
  out.order_ = order;
  out.stride_ = stride_for(order);
  const auto floats = checked_mul(order, out.stride_);
  if (!floats) return Error{Code::kFailed, fmt::format("a matrix of order {} is too large", order)};
  BASCULE_ASSIGN(out.values_, Buffer<float>::make(static_cast<std::size_t>(*floats)));
  return out;
}

Result<SymmetricMatrix> SymmetricMatrix::make(std::int64_t order) {
  BASCULE_ASSIGN(SymmetricMatrix out, allocate(order));
  std::fill_n(out.values_.data(), out.values_.size(), 0.0F);
  return out;
}

Status detail::invert(const GemmKernels& kernels, SymmetricMatrix& matrix, ThreadPool& pool) {
  Sweep sweep(kernels, matrix, pool);
  BASCULE_TRY(sweep.allocate());
  for (std::int64_t begin = 0; begin < matrix.order(); begin += kBlock)
    BASCULE_TRY(sweep.step(begin));
  const Chunks chunks{matrix.order(), kRows};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      float* row = matrix.row(i);
      std::transform(row, row + i + 1, row, [](float v) { return -v; });
      // What tiles that cross the diagonal left behind.
      std::fill(row + i + 1, row + matrix.stride(), 0.0F);
    }
  });
  return {};
}

Status invert(SymmetricMatrix& matrix, ThreadPool& pool) {
  return detail::invert(detail::gemm_kernels(), matrix, pool);
}

void mirror(SymmetricMatrix& matrix, ThreadPool& pool) {
  constexpr std::int64_t kSquare = 64;
  const Chunks chunks{matrix.order(), kSquare};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    const std::int64_t first = chunks.begin(chunk), last = chunks.end(chunk);
    for (std::int64_t left = 0; left < last; left += kSquare)
      for (std::int64_t i = first; i < last; ++i)
        for (std::int64_t j = left; j < std::min(i, left + kSquare); ++j)
          matrix.at(j, i) = matrix.at(i, j);
  });
}

}  // namespace bascule
