// The kernels with AVX512 instructions.
#if defined(__x86_64__)
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <immintrin.h>

#include "devices/cpu/vector_kernels.h"

#if defined(__GNUC__) && !defined(__clang__)
// The intrinsics of GCC 12 start from undefined registers on purpose (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace bascule::detail {
namespace {

#define BASCULE_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define BASCULE_KERNEL BASCULE_TARGET __attribute__((always_inline)) inline

using Vec = __m512;
using Doubles = __m512d;
typedef std::int32_t Bits __attribute__((vector_size(64)));
typedef std::int64_t LongBits __attribute__((vector_size(64)));
constexpr int kWidth = 16;
constexpr Bits kIota = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

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
BASCULE_KERNEL Vec root(Vec a) {
  return _mm512_sqrt_ps(a);
}
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

/// a[0] b[0] a[1] b[1] …, from the lower halves and from the upper ones.
BASCULE_KERNEL Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
BASCULE_KERNEL Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
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
