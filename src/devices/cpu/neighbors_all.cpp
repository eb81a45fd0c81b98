#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>

#include <fmt/format.h>

#include <bascule/base/checked.h>

#include "devices/cpu/neighbors_heavy.h"
#include "devices/cpu/neighbors_kernels.h"
#include "devices/cpu/neighbors_seed.h"

namespace bascule {
namespace {

using detail::NeighborData;
using detail::NeighborWorkspace;

constexpr std::int64_t kRowsPerChunk = 64;
constexpr std::int64_t kChunksPerExchange = 6;
/// Above this, threads do not get a table of all points each.
constexpr std::int64_t kTableBytes = std::int64_t{1} << 30;

/// What every thread may rely on: a score that the k-th best of a point reaches at least. Threads
/// bring what they found and take what others did, now and then, under a lock; it only prunes.
class SharedThresholds {
 public:
  explicit SharedThresholds(std::vector<float> seeds) : values_(std::move(seeds)) {}

  /// Only while no thread exchanges.
  [[nodiscard]] const std::vector<float>& values() const { return values_; }
  /// Raises `mine` and what is shared to the higher of the two.
  void exchange(std::vector<float>& mine) {
    const std::lock_guard lock(mutex_);
    for (std::size_t j = 0; j < mine.size(); ++j) {
      const float higher = std::max(values_[j], mine[j]);
      values_[j] = higher;
      mine[j] = higher;
    }
  }

 private:
  std::mutex mutex_;
  std::vector<float> values_;
};

/// One thread's best k of every point.
struct Table {
  Table(const NeighborData& data, std::int32_t k)
      : work(data),
        keys(static_cast<std::size_t>(data.points) * static_cast<std::size_t>(k), 0),
        thresholds(data.weight.size(), detail::kSmallest),
        needs(data.weight.size()) {}
  detail::TopTable top(std::int32_t k) { return {keys.data(), thresholds.data(), needs.data(), k}; }
  NeighborWorkspace work;
  std::vector<std::uint64_t> keys;
  std::vector<float> thresholds;
  std::vector<float> needs;
  std::int64_t chunks = 0;  ///< done by this thread
};

/// Writes k keys, 0 for none, as the list of the point with this rank.
void write_list(const NeighborData& data, std::int32_t rank, std::span<std::uint64_t> keys,
                NeighborLists& lists) {
  const auto k = static_cast<std::ptrdiff_t>(lists.k);
  std::sort(keys.begin(), keys.end(), std::greater<>());
  const std::int64_t at = std::int64_t{data.id_of[rank]} * lists.k;
  for (std::ptrdiff_t p = 0; p < k; ++p) {
    lists.ids[at + p] = keys[p] == 0 ? -1 : detail::key_id(keys[p]);
    lists.scores[at + p] = detail::key_score(keys[p]);
  }
}

/// Every pair once, offered to both of its points. A thread keeps the best of all points among the
/// pairs it saw; which pairs those are does not matter, because keys are totally ordered. Popular
/// points go first: their pairs raise everybody's thresholds.
void search_pairs(const NeighborData& data, NeighborLists& lists, ThreadPool& pool) {
  SharedThresholds shared(detail::seed_thresholds(data, lists.k, pool));
  const Chunks chunks{data.points, kRowsPerChunk};
  std::vector<std::optional<Table>> tables(static_cast<std::size_t>(pool.threads()));
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    std::optional<Table>& table = tables[thread];
    if (!table) table.emplace(data, lists.k);
    const bool first = table->chunks == 0;
    if (first || (pool.threads() > 1 && table->chunks % kChunksPerExchange == 0)) {
      shared.exchange(table->thresholds);
      detail::neighbor_kernels().find_needs(data, table->top(lists.k));
    }
    ++table->chunks;
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i)
      detail::neighbor_kernels().pairs(data, static_cast<std::int32_t>(data.points - 1 - i),
                                       table->work, table->top(lists.k));
  });
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    const auto k = static_cast<std::size_t>(lists.k);
    std::vector<std::uint64_t> keys;
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      const auto rank = static_cast<std::int32_t>(i);
      keys.assign(k, 0);
      float threshold = shared.values()[i];
      for (const std::optional<Table>& table : tables) {
        if (!table) continue;
        threshold = std::max(threshold, table->thresholds[i]);
        for (const std::uint64_t key : std::span(table->keys).subspan(i * k, k)) {
          if (key > keys[0]) detail::replace_worst(keys.data(), lists.k, key);
        }
      }
      detail::walk_heavy(data, rank, threshold, keys);
      write_list(data, rank, keys, lists);
    }
  });
}

/// Every pair twice, once from each side; little memory.
void search_rows(const NeighborData& data, NeighborLists& lists, ThreadPool& pool) {
  const Chunks chunks{data.points, kRowsPerChunk};
  std::vector<std::optional<NeighborWorkspace>> works(static_cast<std::size_t>(pool.threads()));
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    std::optional<NeighborWorkspace>& work = works[thread];
    if (!work) work.emplace(data);
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      const auto rank = static_cast<std::int32_t>(i);
      work->heap.assign(static_cast<std::size_t>(lists.k), 0);
      float threshold = detail::kSmallest;
      detail::neighbor_kernels().line(data, detail::row_of(data, rank),
                                      {data.left[rank], data.weight[rank]}, rank, *work,
                                      {work->heap.data(), lists.k, &threshold});
      write_list(data, rank, work->heap, lists);
    }
  });
}

}  // namespace

Result<NeighborLists> all_neighbors(const NeighborIndex& index, std::int32_t k, ThreadPool& pool) {
  if (k < 1) return Error{Code::kUsage, fmt::format("{} neighbours asked for", k)};
  const NeighborData& data = index.data();
  NeighborLists lists;
  lists.points = data.points;
  lists.k = k;
  const std::int64_t slots = lists.points * k;
  try {
    lists.ids.resize(static_cast<std::size_t>(slots));
    lists.scores.resize(static_cast<std::size_t>(slots));
  } catch (const std::exception&) {
    return Error{Code::kFailed,
                 fmt::format("not enough memory for {} neighbours of {} points", k, lists.points)};
  }
  const auto bytes = checked_mul(slots, 8 * std::int64_t{pool.threads()});
  if (bytes && *bytes <= kTableBytes) {
    search_pairs(data, lists, pool);
  } else {
    search_rows(data, lists, pool);
  }
  return lists;
}

}  // namespace bascule
