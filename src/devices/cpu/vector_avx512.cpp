// The kernels with AVX512 instructions.
#if defined(__x86_64__)
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <immintrin.h>

#include "devices/cpu/lanes_avx512.h"
#include "devices/cpu/vector_kernels.h"

#if defined(__GNUC__) && !defined(__clang__)
// The intrinsics of GCC 12 start from undefined registers on purpose (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace bascule::detail {
namespace {

/// a · 2ⁿ for a whole n.
BASCULE_KERNEL Vec scale_by_power(Vec a, Vec n) {
  return _mm512_scalef_ps(a, n);
}
BASCULE_KERNEL __m256 high_half(Vec v) {
  return _mm512_extractf32x8_ps(v, 1);
}
BASCULE_KERNEL float sum_lanes(Vec v) {
  const __m256 half = _mm512_castps512_ps256(v) + high_half(v);
  __m128 s = _mm256_castps256_ps128(half) + _mm256_extractf128_ps(half, 1);
  s = s + _mm_movehl_ps(s, s);
  return s[0] + s[1];
}
BASCULE_KERNEL float max_lanes(Vec v) {
  const __m256 half = _mm256_max_ps(_mm512_castps512_ps256(v), high_half(v));
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return s[0] > s[1] ? s[0] : s[1];
}

BASCULE_KERNEL Doubles broadcast(double x) {
  return _mm512_set1_pd(x);
}
BASCULE_KERNEL Doubles fma(Doubles a, Doubles b, Doubles c) {
  return _mm512_fmadd_pd(a, b, c);
}
BASCULE_KERNEL Doubles root(Doubles a) {
  return _mm512_sqrt_pd(a);
}
BASCULE_KERNEL Doubles low_doubles(Vec v) {
  return _mm512_cvtps_pd(_mm512_castps512_ps256(v));
}
BASCULE_KERNEL Doubles high_doubles(Vec v) {
  return _mm512_cvtps_pd(high_half(v));
}
BASCULE_KERNEL Vec to_floats(Doubles low, Doubles high) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)), _mm512_cvtpd_ps(high), 1);
}
/// Unsigned words as 64-bit integers.
BASCULE_KERNEL LongBits low_longs(Bits v) {
  return (LongBits)_mm512_cvtepu32_epi64(_mm512_castsi512_si256((__m512i)v));
}
BASCULE_KERNEL LongBits high_longs(Bits v) {
  return (LongBits)_mm512_cvtepu32_epi64(_mm512_extracti32x8_epi32((__m512i)v, 1));
}
/// The 64-bit products of unsigned words, in two halves.
BASCULE_KERNEL void multiply_wide(Bits a, std::uint32_t factor, Bits& high, Bits& low) {
  const __m512i f = _mm512_set1_epi32(static_cast<int>(factor));
  const __m512i even = _mm512_mul_epu32((__m512i)a, f);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), f);
  low = (Bits)_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32));
  high = (Bits)_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
}

#include "devices/cpu/vector_all.inc"

}  // namespace

const VectorKernels kVectorAvx512 = make_kernels("avx512");

}  // namespace bascule::detail
#endif
