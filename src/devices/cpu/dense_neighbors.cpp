#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <string>

#include <fmt/format.h>

#include <bascule/base/checked.h>

#include "devices/cpu/neighbors_kernels.h"

namespace bascule {
namespace {

constexpr std::int64_t kRowsPerChunk = 256;

/// Bytes that the system can still give without swapping; no bound where it does not say.
std::int64_t free_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    std::int64_t kilobytes = 0;
    if (word == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
  }
  return std::numeric_limits<std::int64_t>::max();
}

}  // namespace

std::int64_t dense_matrix_bytes(std::int64_t points, std::int64_t features) {
  const auto cells = checked_mul(points, features);
  const auto bytes = cells ? checked_mul(*cells, sizeof(float)) : cells;
  return bytes.value_or(std::numeric_limits<std::int64_t>::max());
}

Result<DenseMatrix> dense_matrix(const CompressedView& matrix, PointAxis points, ThreadPool& pool) {
  const bool by_minor = points == PointAxis::kMinors;
  DenseMatrix dense;
  dense.points = by_minor ? matrix.minors : matrix.majors;
  dense.features = by_minor ? matrix.majors : matrix.minors;
  const std::int64_t bytes = dense_matrix_bytes(dense.points, dense.features);
  const std::int64_t available = free_memory();
  if (bytes > available)
    return Error{Code::kFailed,
                 fmt::format("a dense matrix of {} × {} takes {:.1f} GB, {:.1f} GB are free",
                             dense.points, dense.features, static_cast<double>(bytes) * 1e-9,
                             static_cast<double>(available) * 1e-9)};
  Compressed flipped;
  CompressedView rows = matrix;
  if (by_minor) {
    flipped = flip(matrix);
    rows = flipped.view();
  }
  BASCULE_ASSIGN(dense.values,
                 Buffer<float>::make(static_cast<std::size_t>(bytes) / sizeof(float)));
  dense.norms.resize(static_cast<std::size_t>(dense.points));
  const Chunks chunks{dense.points, kRowsPerChunk};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      float* out = dense.values.data() + i * dense.features;
      std::fill_n(out, dense.features, 0.0F);
      double squares = 0;
      const SparseLine row = rows.line(i);
      for (std::size_t p = 0; p < row.size(); ++p) {
        out[row.indices[p]] = row.values[p];
        squares += double{row.values[p]} * row.values[p];
      }
      dense.norms[i] = static_cast<float>(std::sqrt(squares));
    }
  });
  return dense;
}

std::vector<Neighbor> dense_query(const DenseMatrix& matrix, std::span<const float> vector,
                                  std::int32_t k, std::int32_t exclude, ThreadPool& pool) {
  if (k <= 0) return {};
  double squares = 0;
  for (const float value : vector) squares += double{value} * value;
  const double norm = std::sqrt(squares);
  std::vector<std::uint64_t> keys(static_cast<std::size_t>(matrix.points), 0);
  const Chunks chunks{matrix.points, kRowsPerChunk};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      const float dot = detail::neighbor_kernels().dot(matrix.values.data() + i * matrix.features,
                                                       vector.data(), matrix.features);
      const auto score = static_cast<float>(double{dot} / (norm * double{matrix.norms[i]}));
      if (score >= detail::kSmallest && i != exclude)
        keys[i] = detail::make_key(score, static_cast<std::int32_t>(i));
    }
  });
  const auto best = std::min(static_cast<std::ptrdiff_t>(k), std::ssize(keys));
  std::partial_sort(keys.begin(), keys.begin() + best, keys.end(), std::greater<>());
  std::vector<Neighbor> found;
  for (std::ptrdiff_t p = 0; p < best && keys[p] != 0; ++p)
    found.push_back({detail::key_id(keys[p]), detail::key_score(keys[p])});
  return found;
}

}  // namespace bascule
