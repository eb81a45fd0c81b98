#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "devices/cpu/neighbors_kernels.h"
#include "devices/cpu/neighbors_seed.h"

namespace bascule {
namespace {

using detail::NeighborData;
using detail::NeighborWorkspace;

constexpr std::int64_t kRowsPerChunk = 64;

/// Writes what was found as the list of the point with this rank.
void write_list(const NeighborData& data, std::int32_t rank, const detail::TopKeys& top,
                NeighborLists& lists) {
  const std::int64_t at = std::int64_t{data.id_of[rank]} * lists.k;
  for (std::int32_t p = 0; p < top.count; ++p) {
    lists.ids[at + p] = detail::key_id(top.keys[p]);
    lists.scores[at + p] = detail::key_score(top.keys[p]);
  }
  std::fill(lists.ids.begin() + at + top.count, lists.ids.begin() + at + lists.k, -1);
}

void search_rows(const NeighborData& data, NeighborLists& lists, ThreadPool& pool) {
  const std::vector<float> seeds = detail::seed_thresholds(data, lists.k, pool);
  const std::int32_t k = std::min(lists.k, data.points);
  const Chunks chunks{data.points, kRowsPerChunk};
  std::vector<std::unique_ptr<NeighborWorkspace>> works(static_cast<std::size_t>(pool.threads()));
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    std::unique_ptr<NeighborWorkspace>& work = works[thread];
    if (!work) work = std::make_unique<NeighborWorkspace>(data);
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      const auto rank = static_cast<std::int32_t>(data.points - 1 - i);
      work->top.start(k, seeds[rank]);
      detail::neighbor_kernels().line(data, detail::row_of(data, rank), data.left[rank], rank,
                                      *work);
      write_list(data, rank, work->top, lists);
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
  search_rows(data, lists, pool);
  return lists;
}

}  // namespace bascule
