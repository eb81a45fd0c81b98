#include <fmt/format.h>

#include <bascule/devices/device.h>

namespace bascule {

Result<std::vector<Neighbor>> NeighborSearch::query(SparseLine vector, std::int32_t k,
                                                    std::int32_t exclude) {
  BASCULE_ASSIGN(auto found, query_each(std::span(&vector, 1), k, std::span(&exclude, 1)));
  return std::move(found.front());
}

Result<std::unique_ptr<Recording>> Device::record(const std::function<void()>& /*work*/) {
  return Error{Code::kUsage, fmt::format("{} keeps no work", target().device)};
}

Result<std::unique_ptr<NeighborSearch>> Device::place(const NeighborIndex& /*index*/) {
  return Error{Code::kUsage, fmt::format("{} has no neighbour search of its own", target().device)};
}

Result<std::unique_ptr<DenseSearch>> Device::place(const DenseMatrix& /*matrix*/) {
  return Error{Code::kUsage, fmt::format("{} has no neighbour search of its own", target().device)};
}

}  // namespace bascule
