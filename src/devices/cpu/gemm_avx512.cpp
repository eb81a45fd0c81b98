// The kernels with AVX512 instructions.
#if defined(__x86_64__)
#include <array>
#include <utility>

#include <immintrin.h>

#include "devices/cpu/gemm_isa.h"

namespace bascule::detail {
namespace {

#define BASCULE_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define BASCULE_KERNEL BASCULE_TARGET __attribute__((always_inline)) inline

using Vec = __m512;
typedef int Lanes __attribute__((vector_size(64)));
constexpr int kWidth = 16;
constexpr int kPanel = 32;
constexpr int kTileRows = 12;  // 24 sums of 32 registers
constexpr Lanes kLowLanes = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
constexpr Lanes kHighLanes = {8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};

BASCULE_KERNEL Vec load(const float* p) {
  return _mm512_loadu_ps(p);
}
BASCULE_KERNEL void store(float* p, Vec v) {
  _mm512_storeu_ps(p, v);
}
BASCULE_KERNEL __mmask16 first_lanes(std::int64_t n) {
  return static_cast<__mmask16>((1U << n) - 1);
}
/// The first n < kWidth elements, then zeros.
BASCULE_KERNEL Vec load_first(const float* p, std::int64_t n) {
  return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
BASCULE_KERNEL void store_first(float* p, std::int64_t n, Vec v) {
  _mm512_mask_storeu_ps(p, first_lanes(n), v);
}
BASCULE_KERNEL Vec broadcast(float x) {
  return _mm512_set1_ps(x);
}
BASCULE_KERNEL Vec fma(Vec a, Vec b, Vec c) {
  return _mm512_fmadd_ps(a, b, c);
}
// Not _mm512_sqrt_ps, of which GCC 12 warns (its bug 105593).
BASCULE_KERNEL Vec root(Vec a) {
  return _mm512_maskz_sqrt_ps(0xffff, a);
}

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_pack.inc"
#include "devices/cpu/gemm_updates.inc"

}  // namespace

constexpr GemmKernels kGemmAvx512 = make_kernels("avx512");

}  // namespace bascule::detail
#endif
