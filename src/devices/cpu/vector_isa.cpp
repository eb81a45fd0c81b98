#include <vector>

#include "devices/cpu/vector_kernels.h"

namespace bascule::detail {
namespace {

std::vector<const VectorKernels*> find_kernels() {
  std::vector<const VectorKernels*> found{&kVectorPortable};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    found.push_back(&kVectorAvx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    found.push_back(&kVectorAvx512);
#endif
  return found;
}

}  // namespace

std::span<const VectorKernels* const> all_vector_kernels() {
  static const std::vector<const VectorKernels*> kernels = find_kernels();
  return kernels;
}

const VectorKernels& vector_kernels() {
  return *all_vector_kernels().back();
}

}  // namespace bascule::detail
