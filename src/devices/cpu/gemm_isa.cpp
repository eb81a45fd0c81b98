#include "devices/cpu/gemm_isa.h"

#include <vector>

#include "devices/cpu/tile_registers.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

std::vector<const GemmKernels*> find_kernels() {
  std::vector<const GemmKernels*> found{&kGemmPortable};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(&kGemmAvx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    found.push_back(&kGemmAvx512);
    const auto with_pairs = [](const char* name, const WordKernels& pairs) {
      GemmKernels kernels = kGemmAvx512;
      kernels.name = name;
      kernels.pairs = &pairs;
      return kernels;
    };
    if (__builtin_cpu_supports("avx512bf16")) {
      static const GemmKernels with_bf16 = with_pairs("avx512_bf16", kPairsAvx512Bf16);
      found.push_back(&with_bf16);
      if (may_use_tile_registers()) {
        static const GemmKernels with_amx = [&] {
          GemmKernels kernels = with_pairs("amx_bf16", pairs_amx());
          kernels.thirds = &thirds_amx();
          return kernels;
        }();
        found.push_back(&with_amx);
      }
    }
  }
#endif
  return found;
}

}  // namespace

bool has_bf16_products(const GemmKernels& kernels) {
  return kernels.pairs->native;
}

std::span<const GemmKernels* const> all_gemm_kernels() {
  static const std::vector<const GemmKernels*> kernels = find_kernels();
  return kernels;
}

const GemmKernels& gemm_kernels() {
  return *all_gemm_kernels().back();
}

}  // namespace bascule::detail
