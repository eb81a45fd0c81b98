// The kernels with AVX2 and FMA instructions.
#if defined(__x86_64__)
#include <array>
#include <utility>

#include <immintrin.h>

#include "devices/cpu/gemm_isa.h"

namespace bascule::detail {
namespace {

#define BASCULE_TARGET __attribute__((target("avx2,fma")))
#define BASCULE_KERNEL BASCULE_TARGET __attribute__((always_inline)) inline

using Vec = __m256;
typedef int Lanes __attribute__((vector_size(32)));
constexpr int kWidth = 8;
constexpr int kPanel = 16;
constexpr int kTileRows = 6;  // 12 sums of 16 registers
constexpr Lanes kLowLanes = {0, 8, 1, 9, 2, 10, 3, 11};
constexpr Lanes kHighLanes = {4, 12, 5, 13, 6, 14, 7, 15};

BASCULE_KERNEL Vec load(const float* p) {
  return _mm256_loadu_ps(p);
}
BASCULE_KERNEL void store(float* p, Vec v) {
  _mm256_storeu_ps(p, v);
}
BASCULE_KERNEL __m256i first_lanes(std::int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
/// The first n < kWidth elements, then zeros.
BASCULE_KERNEL Vec load_first(const float* p, std::int64_t n) {
  return _mm256_maskload_ps(p, first_lanes(n));
}
BASCULE_KERNEL void store_first(float* p, std::int64_t n, Vec v) {
  _mm256_maskstore_ps(p, first_lanes(n), v);
}
BASCULE_KERNEL Vec broadcast(float x) {
  return _mm256_set1_ps(x);
}
BASCULE_KERNEL Vec fma(Vec a, Vec b, Vec c) {
  return _mm256_fmadd_ps(a, b, c);
}
BASCULE_KERNEL Vec root(Vec a) {
  return _mm256_sqrt_ps(a);
}

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_pack.inc"
#include "devices/cpu/gemm_updates.inc"

}  // namespace

constexpr GemmKernels kGemmAvx2 = make_kernels("avx2");

}  // namespace bascule::detail
#endif
