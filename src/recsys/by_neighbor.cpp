#include "recsys/by_neighbor.h"

#include <algorithm>

namespace bascule {

Compressed by_neighbor(const NeighborLists& lists) {
  const auto entries = static_cast<std::size_t>(
      std::count_if(lists.ids.begin(), lists.ids.end(), [](std::int32_t id) { return id >= 0; }));
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> ids;
  std::vector<float> scores;
  offsets.reserve(static_cast<std::size_t>(lists.points) + 1);
  ids.reserve(entries);
  scores.reserve(entries);
  for (std::int64_t point = 0; point < lists.points; ++point) {
    auto slot = static_cast<std::size_t>(point * lists.k);
    const std::size_t end = slot + static_cast<std::size_t>(lists.k);
    for (; slot < end && lists.ids[slot] >= 0; ++slot) {
      ids.push_back(lists.ids[slot]);
      scores.push_back(lists.scores[slot]);
    }
    offsets.push_back(std::ssize(ids));
  }
  return flip({lists.points, lists.points, offsets.data(), ids.data(), scores.data()});
}

}  // namespace bascule
