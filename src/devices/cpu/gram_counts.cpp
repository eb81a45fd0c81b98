// Counts of pairs. Few rows hold most of them: those of the most active users. In rows of that
// kind, 512 at a time, the frequent columns are bit vectors, and two columns meet in so many rows
// as the vectors have ones in common. All other pairs are counted one by one.
#include "devices/cpu/gram_counts.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace bascule::detail {
namespace {

/// `Index` holds the place of a column.
template <class Index>
class PairCounts {
 public:
  PairCounts(const CoCountKernels& kernels, const CompressedView& x, ThreadPool& pool)
      : kernels_(kernels), x_(x), pool_(pool), order_(x.minors) {}

  Status prepare(std::span<const std::int32_t> columns) {
    sort_rows(columns);
    choose_dense();
    BASCULE_TRY(set_bits());
    find_entries();
    return {};
  }
  void fill(SymmetricMatrix& out) const;

 private:
  /// Where column i is behind the dense part of a row: in which row, and how far into it.
  struct Entry {
    std::int32_t row, position;
  };

  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
  static std::int64_t whole_groups(std::int64_t columns) {
    return (columns + kCoCountGroup - 1) / kCoCountGroup * kCoCountGroup;
  }
  [[nodiscard]] std::int64_t rows() const { return x_.majors; }
  [[nodiscard]] std::int64_t blocks() const { return std::ssize(dense_); }
  [[nodiscard]] std::int64_t end_of_block(std::int64_t b) const {
    return std::min(rows(), (b + 1) * kBlockBits);
  }
  /// How many places of row r are below `place`.
  [[nodiscard]] std::int64_t below(std::int64_t r, std::int64_t place) const {
    const Index *first = places_.data() + begin_[at(r)], *last = places_.data() + begin_[at(r) + 1];
    return std::lower_bound(first, last, place,
                            [](Index a, std::int64_t b) { return std::int64_t{a} < b; }) -
           first;
  }

  void sort_rows(std::span<const std::int32_t> columns);
  void choose_dense();
  [[nodiscard]] std::int64_t cheapest(std::int64_t block) const;
  Status set_bits();
  void find_entries();
  /// Calls use(row, place, position) for what the dense parts leave, rows ascending.
  template <class Use>
  void each_entry(const Use& use) const;
  void fetch(std::int64_t e, std::int64_t end) const;
  void add_entries(std::int64_t column, std::int32_t* counts) const;

  const CoCountKernels& kernels_;
  const CompressedView& x_;
  ThreadPool& pool_;
  std::int64_t order_;

  // Rows from the longest to the shortest, places ascending within a row.
  std::vector<std::int64_t> begin_;
  std::vector<Index> places_;

  std::vector<std::int64_t> dense_;         // of each block of rows: columns in bits, descending
  std::vector<std::int64_t> column_begin_;  // of each column's bits, in blocks
  Buffer<std::uint64_t> words_;

  std::vector<std::int64_t> entry_begin_;
  std::vector<Entry> entries_;
};

template <class Index>
void PairCounts<Index>::sort_rows(std::span<const std::int32_t> columns) {
  std::vector<std::int32_t> place(columns.size()), by_length(at(rows()));
  for (std::size_t i = 0; i < columns.size(); ++i)
    place[at(columns[i])] = static_cast<std::int32_t>(i);
  std::iota(by_length.begin(), by_length.end(), 0);
  std::stable_sort(by_length.begin(), by_length.end(),
                   [&](std::int32_t a, std::int32_t b) { return x_.length(a) > x_.length(b); });
  begin_.assign(1, 0);
  for (const std::int32_t row : by_length) begin_.push_back(begin_.back() + x_.length(row));
  places_.resize(at(x_.nonzeros()));
  const Chunks chunks{rows(), kBlockBits};
  pool_.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t r = chunks.begin(chunk); r < chunks.end(chunk); ++r) {
      Index* to = places_.data() + begin_[at(r)];
      const auto from = x_.line(by_length[at(r)]).indices;
      std::transform(from.begin(), from.end(), to,
                     [&](std::int32_t column) { return static_cast<Index>(place[at(column)]); });
      std::sort(to, to + from.size());
    }
  });
}

/// How many columns of a block are best counted by their bits, judged by some of its rows.
template <class Index>
std::int64_t PairCounts<Index>::cheapest(std::int64_t block) const {
  constexpr std::int64_t kSome = 8;
  std::int64_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t columns = 0;; columns = std::max(columns + 32, columns * 5 / 4)) {
    columns = std::min(columns, order_);
    double alone = 0;  // pairs that are counted one by one
    for (std::int64_t r = block * kBlockBits; r < end_of_block(block); r += kSome) {
      const auto all = static_cast<double>(begin_[at(r) + 1] - begin_[at(r)]);
      const auto inside = static_cast<double>(below(r, columns));
      alone += kSome * (all * all - inside * inside) / 2;
    }
    const double pairs = static_cast<double>(columns) * static_cast<double>(columns) / 2;
    // Columns of the first block are in all blocks' lists of pairs.
    const double cost =
        alone + pairs * (kernels_.block_cost + (block == 0 ? kernels_.pair_cost : 0));
    if (cost < least) {
      least = cost;
      best = columns;
    }
    if (columns == order_) return whole_groups(best);
  }
}

template <class Index>
void PairCounts<Index>::choose_dense() {
  dense_.resize(at((rows() + kBlockBits - 1) / kBlockBits));
  pool_.run(blocks(), [&](std::int64_t b, int) { dense_[at(b)] = cheapest(b); });
  for (std::int64_t b = blocks() - 1; b > 0; --b)
    dense_[at(b) - 1] = std::max(dense_[at(b) - 1], dense_[at(b)]);
}

template <class Index>
Status PairCounts<Index>::set_bits() {
  column_begin_.assign(1, 0);
  std::int64_t b = blocks();
  for (std::int64_t column = 0; column < whole_groups(order_); ++column) {
    while (b > 0 && dense_[at(b) - 1] <= column) --b;
    column_begin_.push_back(column_begin_.back() + b);
  }
  BASCULE_ASSIGN(words_, Buffer<std::uint64_t>::make(at(column_begin_.back() * kBlockWords)));
  std::fill_n(words_.data(), column_begin_.back() * kBlockWords, 0);
  pool_.run(blocks(), [&](std::int64_t block, int) {
    for (std::int64_t r = block * kBlockBits; r < end_of_block(block); ++r) {
      const Index* places = places_.data() + begin_[at(r)];
      const std::int64_t bit = r - block * kBlockBits, count = below(r, dense_[at(block)]);
      for (std::int64_t p = 0; p < count; ++p)
        words_.data()[(column_begin_[at(places[p])] + block) * kBlockWords + bit / 64] |=
            std::uint64_t{1} << (bit % 64);
    }
  });
  return {};
}

template <class Index>
template <class Use>
void PairCounts<Index>::each_entry(const Use& use) const {
  for (std::int64_t r = 0; r < rows(); ++r) {
    const Index* places = places_.data() + begin_[at(r)];
    const std::int64_t count = begin_[at(r) + 1] - begin_[at(r)];
    for (std::int64_t p = below(r, dense_[at(r / kBlockBits)]); p < count; ++p)
      use(r, places[p], p);
  }
}

template <class Index>
void PairCounts<Index>::find_entries() {
  entry_begin_.assign(at(order_) + 1, 0);
  each_entry([&](std::int64_t, Index place, std::int64_t) { ++entry_begin_[at(place) + 1]; });
  std::partial_sum(entry_begin_.begin(), entry_begin_.end(), entry_begin_.begin());
  entries_.resize(at(entry_begin_.back()));
  std::vector<std::int64_t> next(entry_begin_.begin(), entry_begin_.end() - 1);
  each_entry([&](std::int64_t row, Index place, std::int64_t position) {
    entries_[at(next[place]++)] = {static_cast<std::int32_t>(row),
                                   static_cast<std::int32_t>(position)};
  });
}

/// Rows lie anywhere and are short: they are fetched some entries ahead of their use, and where
/// they begin twice as far ahead.
template <class Index>
void PairCounts<Index>::fetch(std::int64_t e, std::int64_t end) const {
  constexpr std::int64_t kAhead = 6, kLine = 64 / sizeof(Index);
  if (e + 2 * kAhead < end) __builtin_prefetch(begin_.data() + entries_[at(e + 2 * kAhead)].row);
  if (e + kAhead >= end) return;
  const Entry entry = entries_[at(e + kAhead)];
  const Index* places = places_.data() + begin_[at(entry.row)];
  for (std::int64_t q = 0; q <= entry.position; q += kLine) __builtin_prefetch(places + q);
}

/// Adds the part of each row that ends with the column, where that is not in bits.
template <class Index>
void PairCounts<Index>::add_entries(std::int64_t column, std::int32_t* counts) const {
  const std::int64_t end = entry_begin_[at(column) + 1];
  for (std::int64_t e = entry_begin_[at(column)]; e < end; ++e) {
    fetch(e, end);
    const Entry entry = entries_[at(e)];
    const Index* places = places_.data() + begin_[at(entry.row)];
    for (std::int32_t q = 0; q <= entry.position; ++q) ++counts[places[q]];
  }
}

template <class Index>
void PairCounts<Index>::fill(SymmetricMatrix& out) const {
  const std::int64_t width = whole_groups(order_);
  const BitColumns bits{words_.data(), column_begin_.data()};
  std::vector<std::vector<std::int32_t>> all(at(pool_.threads()));
  // Few rows at a time: the first ones have most pairs.
  const Chunks chunks{width, kCoCountGroup};
  pool_.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    std::vector<std::int32_t>& counts = all[at(thread)];
    counts.resize(at(kCoCountGroup * width));
    const std::int64_t first = chunks.begin(chunk), last = chunks.end(chunk);
    // Columns of a group have the same blocks.
    const std::int64_t in_bits = column_begin_[at(first) + 1] - column_begin_[at(first)];
    if (in_bits > 0) {
      kernels_.count(bits, first, last, in_bits, counts.data(), width);
    } else {
      for (std::int64_t r = 0; r < kCoCountGroup; ++r)
        std::fill_n(counts.data() + r * width, last, 0);
    }
    for (std::int64_t i = first; i < std::min(last, order_); ++i) {
      std::int32_t* mine = counts.data() + (i - first) * width;
      add_entries(i, mine);
      std::transform(mine, mine + i + 1, out.row(i),
                     [](std::int32_t count) { return static_cast<float>(count); });
      std::fill(out.row(i) + i + 1, out.row(i) + out.stride(), 0.0F);
    }
  });
}

template <class Index>
Result<SymmetricMatrix> count_pairs(const CoCountKernels& kernels, const CompressedView& x,
                                    std::span<const std::int32_t> columns, ThreadPool& pool) {
  BASCULE_ASSIGN(SymmetricMatrix out, SymmetricMatrix::allocate(x.minors));
  PairCounts<Index> counts(kernels, x, pool);
  BASCULE_TRY(counts.prepare(columns));
  counts.fill(out);
  return out;
}

}  // namespace

Result<SymmetricMatrix> gram_of_ones(const CoCountKernels& kernels, const CompressedView& x,
                                     std::span<const std::int32_t> columns, ThreadPool& pool) {
  const bool few = x.minors <= std::numeric_limits<std::uint16_t>::max();
  return few ? count_pairs<std::uint16_t>(kernels, x, columns, pool)
             : count_pairs<std::int32_t>(kernels, x, columns, pool);
}

}  // namespace bascule::detail
