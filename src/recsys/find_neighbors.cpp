#include "recsys/find_neighbors.h"

namespace bascule {

Result<NeighborLists> find_neighbors(const NeighborIndex& index, std::int32_t k, Device* device,
                                     ThreadPool& pool, StageTimes& times) {
  Stopwatch watch;
  Result<NeighborLists> lists = Error{};
  if (device == nullptr) {
    lists = all_neighbors(index, k, pool);
  } else {
    BASCULE_ASSIGN(const std::unique_ptr<NeighborSearch> search, device->place(index));
    times.emplace_back("transfer", watch.restart());
    lists = search->all(k);
  }
  times.emplace_back("neighbors", watch.seconds());
  return lists;
}

}  // namespace bascule
