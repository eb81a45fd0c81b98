#pragma once
// Vectors of sixteen floats: AVX-512 F, BW, DQ and VL. The operations that every kernel is written
// in; included by the one file of each family that is compiled for this instruction set.
#include <cstdint>

#include <immintrin.h>

#define BASCULE_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define BASCULE_KERNEL BASCULE_TARGET __attribute__((always_inline)) inline

namespace bascule::detail {
namespace {

using Vec = __m512;
using Doubles = __m512d;
using Bits __attribute__((vector_size(64))) = std::int32_t;
using LongBits __attribute__((vector_size(64))) = std::int64_t;
inline constexpr int kWidth = 16;
inline constexpr Bits kIota = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

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
/// Numbers of 16 bits, in 32 each.
BASCULE_KERNEL Bits widen(const std::uint16_t* p) {
  // Not _mm512_cvtepu16_epi32, of which GCC 12 warns as well.
  using Shorts __attribute__((vector_size(32), aligned(2), may_alias)) = const std::uint16_t;
  return __builtin_convertvector(*reinterpret_cast<Shorts*>(p), Bits);
}
// Not _mm512_sqrt_ps, of which GCC 12 warns (its bug 105593).
BASCULE_KERNEL Vec root(Vec a) {
  return _mm512_maskz_sqrt_ps(0xffff, a);
}

/// w − over / under: one step of Newton's method on an estimate of 14 bits, so that two roundings
/// and the square of the estimate's error leave the quotient a relative error below 1.1 · 2⁻²³. An
/// infinite `under`, a second moment that has overflowed, gives NaN here already; elsewhere the
/// next step does.
BASCULE_KERNEL Vec subtract_quotient(Vec w, Vec over, Vec under) {
  const Vec estimate = _mm512_maskz_rcp14_ps(0xffff, under);
  return fma(-(over * estimate), fma(-under, estimate, broadcast(2)), w);
}

/// a[0] b[0] a[1] b[1] …, from the lower halves and from the upper ones.
BASCULE_KERNEL Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
BASCULE_KERNEL Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}

#include "devices/cpu/lanes_transpose.inc"

}  // namespace
}  // namespace bascule::detail
