#include "devices/cpu/gemm_isa.h"

#include <vector>

namespace bascule::detail {
namespace {

std::vector<const GemmKernels*> find_kernels() {
  std::vector<const GemmKernels*> found{&kGemmPortable};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(&kGemmAvx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    found.push_back(&kGemmAvx512);
#endif
  return found;
}

}  // namespace

std::span<const GemmKernels* const> all_gemm_kernels() {
  static const std::vector<const GemmKernels*> kernels = find_kernels();
  return kernels;
}

const GemmKernels& gemm_kernels() {
  return *all_gemm_kernels().back();
}

}  // namespace bascule::detail
