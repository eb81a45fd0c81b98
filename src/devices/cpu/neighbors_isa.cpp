#include "devices/cpu/neighbors_isa.h"

#include <vector>

namespace bascule::detail {
namespace {

std::vector<const NeighborKernels*> find_kernels() {
  std::vector<const NeighborKernels*> found{&kNeighborsPortable};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
    found.push_back(&kNeighborsAvx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    found.push_back(&kNeighborsAvx512);
#endif
  return found;
}

}  // namespace

std::span<const NeighborKernels* const> all_neighbor_kernels() {
  static const std::vector<const NeighborKernels*> kernels = find_kernels();
  return kernels;
}

const NeighborKernels& neighbor_kernels() {
  return *all_neighbor_kernels().back();
}

}  // namespace bascule::detail
