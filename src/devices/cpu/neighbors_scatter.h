#pragma once
// Entries of a sparse matrix from the lines of one axis to those of the other.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <bascule/base/threads.h>

namespace bascule::detail {

/// A stable counting sort of entries by destination. Source lines are cut into parts of about as
/// many entries, as the shape of the data says; each part counts and moves on its own.
class Scatter {
 public:
  /// The entries of source line s are [offsets[s], offsets[s + 1]); `to` is where each goes.
  Scatter(const std::int64_t* offsets, std::int64_t lines, const std::int32_t* to,
          std::int64_t destinations, ThreadPool& pool)
      : offsets_(offsets), to_(to), destinations_(destinations), pool_(pool) {
    const std::int64_t entries = lines > 0 ? offsets[lines] : 0;
    // A part's counters must be few beside its entries.
    const std::int64_t parts =
        std::clamp<std::int64_t>(entries / (2 * std::max<std::int64_t>(destinations, 1)), 1, kMost);
    for (std::int64_t p = 0; p < parts; ++p)
      borders_.push_back(std::lower_bound(offsets, offsets + lines, entries * p / parts) - offsets);
    borders_.push_back(lines);
    next_.resize(static_cast<std::size_t>(parts));
    pool.run(parts, [&](std::int64_t part, int) {
      next_[part].assign(static_cast<std::size_t>(destinations), 0);
      for (std::int64_t p = offsets[borders_[part]]; p < offsets[borders_[part + 1]]; ++p)
        ++next_[part][to[p]];
    });
  }

  /// Entries that go to `destination`; before run().
  [[nodiscard]] std::int64_t count(std::int64_t destination) const {
    std::int64_t sum = 0;
    for (const auto& counts : next_) sum += counts[destination];
    return sum;
  }

  /// Calls move(line, entry, place) for every entry; those of a destination get the places from
  /// begin(destination) on, in the order of their source.
  template <class Begin, class Move>
  void run(Begin begin, Move move) {
    const Chunks chunks{destinations_, kDestinationsPerChunk};
    pool_.run(chunks.chunks(), [&](std::int64_t chunk, int) {
      for (std::int64_t d = chunks.begin(chunk); d < chunks.end(chunk); ++d) {
        std::int64_t at = begin(d);
        for (auto& next : next_) at += std::exchange(next[d], at);
      }
    });
    pool_.run(static_cast<std::int64_t>(next_.size()), [&](std::int64_t part, int) {
      for (std::int64_t line = borders_[part]; line < borders_[part + 1]; ++line) {
        for (std::int64_t p = offsets_[line]; p < offsets_[line + 1]; ++p)
          move(line, p, next_[part][to_[p]]++);
      }
    });
  }

 private:
  static constexpr std::int64_t kMost = 8, kDestinationsPerChunk = 4096;
  const std::int64_t* offsets_;
  const std::int32_t* to_;
  std::int64_t destinations_;
  ThreadPool& pool_;
  std::vector<std::int64_t> borders_;            ///< of the parts
  std::vector<std::vector<std::int64_t>> next_;  ///< part × destination: a count, then a place
};

}  // namespace bascule::detail
