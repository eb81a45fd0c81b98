#pragma once
// Vectors of eight floats: AVX2 and FMA. The operations that every kernel is written in;
// included by the one file of each family that is compiled for this instruction set.
#include <cstdint>

#include <immintrin.h>

#define BASCULE_TARGET __attribute__((target("avx2,fma")))
#define BASCULE_KERNEL BASCULE_TARGET __attribute__((always_inline)) inline

namespace bascule::detail {
namespace {

using Vec = __m256;
using Doubles = __m256d;
using Bits __attribute__((vector_size(32))) = std::int32_t;
using LongBits __attribute__((vector_size(32))) = std::int64_t;
inline constexpr int kWidth = 8;
inline constexpr Bits kIota = {0, 1, 2, 3, 4, 5, 6, 7};

BASCULE_KERNEL Vec load(const float* p) {
  return _mm256_loadu_ps(p);
}
BASCULE_KERNEL void store(float* p, Vec v) {
  _mm256_storeu_ps(p, v);
}
BASCULE_KERNEL __m256i first_lanes(std::int64_t n) {
  return (__m256i)(kIota < static_cast<std::int32_t>(n));
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
/// Numbers of 16 bits, in 32 each.
BASCULE_KERNEL Bits widen(const std::uint16_t* p) {
  return (Bits)_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
BASCULE_KERNEL Vec root(Vec a) {
  return _mm256_sqrt_ps(a);
}
/// w − over / under.
BASCULE_KERNEL Vec subtract_quotient(Vec w, Vec over, Vec under) {
  return w - over / under;
}

/// a[0] b[0] a[1] b[1] …, from the lower halves and from the upper ones.
BASCULE_KERNEL Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
BASCULE_KERNEL Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

#include "devices/cpu/lanes_transpose.inc"

}  // namespace
}  // namespace bascule::detail
