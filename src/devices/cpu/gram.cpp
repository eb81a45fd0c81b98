// Sums over rows of any values; where all are 1, gram_counts.h counts.
#include <algorithm>
#include <vector>

#include "devices/cpu/gram_counts.h"

namespace bascule {
namespace {

/// X with its columns renamed to their places, both ways.
struct Places {
  std::vector<std::int32_t> of_row;  ///< places ascending within a row
  std::vector<float> values;         ///< beside them
  /// By column: the rows that have it, and how far into the row it lies.
  struct Entry {
    std::int32_t row, position;
  };
  std::vector<std::int64_t> begin;
  std::vector<Entry> of_column;
};

Places rename(const CompressedView& x, std::span<const std::int32_t> columns, ThreadPool& pool) {
  std::vector<std::int32_t> place(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i)
    place[static_cast<std::size_t>(columns[i])] = static_cast<std::int32_t>(i);
  const auto count = static_cast<std::size_t>(x.nonzeros());
  Places out;
  out.of_row.resize(count);
  out.values.resize(count);
  const Chunks chunks{x.majors, 1024};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    std::vector<std::pair<std::int32_t, float>> sorted;
    for (std::int64_t row = chunks.begin(chunk); row < chunks.end(chunk); ++row) {
      const SparseLine line = x.line(row);
      sorted.resize(line.size());
      for (std::size_t i = 0; i < line.size(); ++i)
        sorted[i] = {place[static_cast<std::size_t>(line.indices[i])], line.values[i]};
      std::sort(sorted.begin(), sorted.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
      const auto at = static_cast<std::size_t>(x.offsets[row]);
      for (std::size_t i = 0; i < sorted.size(); ++i) {
        out.of_row[at + i] = sorted[i].first;
        out.values[at + i] = sorted[i].second;
      }
    }
  });
  out.begin.assign(columns.size() + 1, 0);
  for (const std::int32_t p : out.of_row) ++out.begin[static_cast<std::size_t>(p) + 1];
  for (std::size_t i = 1; i < out.begin.size(); ++i) out.begin[i] += out.begin[i - 1];
  out.of_column.resize(count);
  std::vector<std::int64_t> next(out.begin.begin(), out.begin.end() - 1);
  for (std::int64_t row = 0; row < x.majors; ++row)
    for (std::int64_t at = x.offsets[row]; at < x.offsets[row + 1]; ++at)
      out.of_column[static_cast<std::size_t>(
          next[static_cast<std::size_t>(out.of_row[static_cast<std::size_t>(at)])]++)] = {
          static_cast<std::int32_t>(row), static_cast<std::int32_t>(at - x.offsets[row])};
  return out;
}

/// Rows lie anywhere and are short: they are fetched some entries ahead of their use, and where
/// they begin twice as far ahead.
constexpr std::int64_t kAhead = 6;

/// Fetches what add_rows() will read behind entry e of column i.
void fetch_rows(const CompressedView& x, const Places& places, std::int64_t i, std::int64_t e) {
  constexpr std::int32_t kLine = 16;
  const std::int64_t left = places.begin[i + 1] - e;
  if (left > 2 * kAhead)
    __builtin_prefetch(x.offsets + places.of_column[static_cast<std::size_t>(e + 2 * kAhead)].row);
  if (left <= kAhead) return;
  const auto [row, position] = places.of_column[static_cast<std::size_t>(e + kAhead)];
  const std::int64_t begin = x.offsets[row];
  for (std::int32_t q = 0; q <= position; q += kLine) {
    __builtin_prefetch(places.of_row.data() + begin + q);
    __builtin_prefetch(places.values.data() + begin + q);
  }
}

/// Adds the part of each row of X that ends with column i to `sums`.
void add_rows(const CompressedView& x, const Places& places, std::int64_t i, float* sums) {
  for (std::int64_t e = places.begin[i]; e < places.begin[i + 1]; ++e) {
    fetch_rows(x, places, i, e);
    const auto [row, position] = places.of_column[static_cast<std::size_t>(e)];
    const std::int32_t* others = places.of_row.data() + x.offsets[row];
    const float* values = places.values.data() + x.offsets[row];
    const float mine = values[position];
    for (std::int32_t q = 0; q <= position; ++q) sums[others[q]] += mine * values[q];
  }
}

void fill_rows(const CompressedView& x, const Places& places, SymmetricMatrix& out,
               ThreadPool& pool) {
  // Few rows at a time: the first ones have most pairs.
  const Chunks chunks{out.order(), 16};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      std::fill_n(out.row(i), out.stride(), 0.0F);
      add_rows(x, places, i, out.row(i));
    }
  });
}

}  // namespace

Result<SymmetricMatrix> gram_matrix(const CompressedView& x, std::span<const std::int32_t> columns,
                                    ThreadPool& pool) {
  const auto is_one = [](float v) { return v == 1.0F; };
  if (std::all_of(x.values, x.values + x.nonzeros(), is_one))
    return detail::gram_of_ones(*detail::all_co_counts().back(), x, columns, pool);
  BASCULE_ASSIGN(SymmetricMatrix out, SymmetricMatrix::allocate(x.minors));
  fill_rows(x, rename(x, columns, pool), out, pool);
  return out;
}

}  // namespace bascule
