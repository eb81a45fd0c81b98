#include <fmt/format.h>

#include <bascule/devices/device.h>

namespace bascule {

Result<std::unique_ptr<NeighborSearch>> Device::place(const NeighborIndex& /*index*/) {
  return Error{Code::kUsage, fmt::format("{} has no neighbour search of its own", target().device)};
}

Result<std::unique_ptr<DenseSearch>> Device::place(const DenseMatrix& /*matrix*/) {
  return Error{Code::kUsage, fmt::format("{} has no neighbour search of its own", target().device)};
}

}  // namespace bascule
