#pragma once
// Vectors of four floats, which every processor has or the compiler takes apart. The operations
// that every kernel is written in; included by the one file of each family that is compiled for
// this instruction set.
#include <cmath>
#include <cstdint>
#include <cstring>

#define BASCULE_TARGET
#define BASCULE_KERNEL BASCULE_TARGET __attribute__((always_inline)) inline

namespace bascule::detail {
namespace {

using Vec __attribute__((vector_size(16))) = float;
using Doubles __attribute__((vector_size(16))) = double;
using Bits __attribute__((vector_size(16))) = std::int32_t;
using LongBits __attribute__((vector_size(16))) = std::int64_t;
inline constexpr int kWidth = 4;
inline constexpr Bits kIota = {0, 1, 2, 3};

BASCULE_KERNEL Vec load(const float* p) {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
BASCULE_KERNEL void store(float* p, Vec v) {
  std::memcpy(p, &v, sizeof v);
}
/// The first n < kWidth elements, then zeros.
BASCULE_KERNEL Vec load_first(const float* p, std::int64_t n) {
  Vec v = {};
  for (std::int64_t l = 0; l < n; ++l) v[l] = p[l];
  return v;
}
BASCULE_KERNEL void store_first(float* p, std::int64_t n, Vec v) {
  for (std::int64_t l = 0; l < n; ++l) p[l] = v[l];
}
BASCULE_KERNEL Vec broadcast(float x) {
  return Vec{x, x, x, x};
}
BASCULE_KERNEL Vec fma(Vec a, Vec b, Vec c) {
  return a * b + c;
}
/// Numbers of 16 bits, in 32 each.
BASCULE_KERNEL Bits widen(const std::uint16_t* p) {
  return Bits{p[0], p[1], p[2], p[3]};
}
BASCULE_KERNEL Vec root(Vec a) {
  return Vec{std::sqrt(a[0]), std::sqrt(a[1]), std::sqrt(a[2]), std::sqrt(a[3])};
}
/// w − over / under.
BASCULE_KERNEL Vec subtract_quotient(Vec w, Vec over, Vec under) {
  return w - over / under;
}

/// a[0] b[0] a[1] b[1] …, from the lower halves and from the upper ones.
BASCULE_KERNEL Vec interleave_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
BASCULE_KERNEL Vec interleave_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}

#include "devices/cpu/lanes_transpose.inc"

}  // namespace
}  // namespace bascule::detail
