// The kernels with AVX2 instructions.
#if defined(__x86_64__)
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <immintrin.h>

#include "devices/cpu/lanes_avx2.h"
#include "devices/cpu/vector_kernels.h"

namespace bascule::detail {
namespace {

/// a · 2ⁿ for a whole n in [−250, 250].
BASCULE_KERNEL Vec scale_by_power(Vec a, Vec n) {
  const Bits power = (Bits)_mm256_cvtps_epi32(n), half = power >> 1;
  return a * (Vec)((half + 127) << 23) * (Vec)((power - half + 127) << 23);
}
BASCULE_KERNEL __m128 low_half(Vec v) {
  return _mm256_castps256_ps128(v);
}
BASCULE_KERNEL __m128 high_half(Vec v) {
  return _mm256_extractf128_ps(v, 1);
}
BASCULE_KERNEL float sum_lanes(Vec v) {
  __m128 s = low_half(v) + high_half(v);
  s = s + _mm_movehl_ps(s, s);
  return s[0] + s[1];
}
BASCULE_KERNEL float max_lanes(Vec v) {
  __m128 s = _mm_max_ps(low_half(v), high_half(v));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return s[0] > s[1] ? s[0] : s[1];
}

BASCULE_KERNEL Doubles broadcast(double x) {
  return _mm256_set1_pd(x);
}
BASCULE_KERNEL Doubles fma(Doubles a, Doubles b, Doubles c) {
  return _mm256_fmadd_pd(a, b, c);
}
BASCULE_KERNEL Doubles root(Doubles a) {
  return _mm256_sqrt_pd(a);
}
BASCULE_KERNEL Doubles low_doubles(Vec v) {
  return _mm256_cvtps_pd(low_half(v));
}
BASCULE_KERNEL Doubles high_doubles(Vec v) {
  return _mm256_cvtps_pd(high_half(v));
}
BASCULE_KERNEL Vec to_floats(Doubles low, Doubles high) {
  return _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low));
}
/// Unsigned words as 64-bit integers.
BASCULE_KERNEL LongBits low_longs(Bits v) {
  return (LongBits)_mm256_cvtepu32_epi64(_mm256_castsi256_si128((__m256i)v));
}
BASCULE_KERNEL LongBits high_longs(Bits v) {
  return (LongBits)_mm256_cvtepu32_epi64(_mm256_extracti128_si256((__m256i)v, 1));
}
/// The 64-bit products of unsigned words, in two halves.
BASCULE_KERNEL void multiply_wide(Bits a, std::uint32_t factor, Bits& high, Bits& low) {
  const __m256i f = _mm256_set1_epi32(static_cast<int>(factor));
  const __m256i even = _mm256_mul_epu32((__m256i)a, f);
  const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), f);
  low = (Bits)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
  high = (Bits)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
}

#include "devices/cpu/vector_all.inc"

}  // namespace

const VectorKernels kVectorAvx2 = make_kernels("avx2");

}  // namespace bascule::detail
#endif
