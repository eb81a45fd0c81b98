// Plain C++ for every processor.
#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "devices/cpu/neighbors_heavy.h"
#include "devices/cpu/neighbors_isa.h"

namespace bascule::detail {
namespace {

#define BASCULE_TARGET
#define BASCULE_KERNEL BASCULE_TARGET inline

BASCULE_KERNEL std::uint64_t reach(const float* sums, float bound) {
  std::uint64_t bits = 0;
  for (int l = 0; l < 16; ++l) bits |= std::uint64_t{sums[l] >= bound} << l;
  return bits;
}
BASCULE_KERNEL std::uint64_t reach(const std::uint8_t* counts, std::uint8_t bound) {
  std::uint64_t bits = 0;
  for (int l = 0; l < 64; ++l) bits |= std::uint64_t{counts[l] >= bound} << l;
  return bits;
}

#include "devices/cpu/neighbors_kernels.inc"

}  // namespace

const NeighborKernels kNeighborsPortable = {"portable", line, dot};

}  // namespace bascule::detail
