// Vectors of four floats, which every processor has or the compiler takes apart.
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "devices/cpu/lanes_portable.h"
#include "devices/cpu/vector_kernels.h"

namespace bascule::detail {
namespace {

/// a · 2ⁿ for a whole n in [−250, 250]; a NaN when n is one.
BASCULE_KERNEL Vec scale_by_power(Vec a, Vec n) {
  // Added to a number this large, n stands in its low bits.
  const Bits power = (Bits)(n + 0x1.8p23F) - (Bits)broadcast(0x1.8p23F), half = power >> 1;
  return a * (Vec)((half + 127) << 23) * (Vec)((power - half + 127) << 23);
}
BASCULE_KERNEL float sum_lanes(Vec v) {
  return (v[0] + v[2]) + (v[1] + v[3]);
}
BASCULE_KERNEL float max_lanes(Vec v) {
  const float low = v[0] > v[1] ? v[0] : v[1], high = v[2] > v[3] ? v[2] : v[3];
  return low > high ? low : high;
}

BASCULE_KERNEL Doubles broadcast(double x) {
  return Doubles{x, x};
}
BASCULE_KERNEL Doubles fma(Doubles a, Doubles b, Doubles c) {
  return a * b + c;
}
BASCULE_KERNEL Doubles root(Doubles a) {
  return Doubles{std::sqrt(a[0]), std::sqrt(a[1])};
}
BASCULE_KERNEL Doubles low_doubles(Vec v) {
  return Doubles{double{v[0]}, double{v[1]}};
}
BASCULE_KERNEL Doubles high_doubles(Vec v) {
  return Doubles{double{v[2]}, double{v[3]}};
}
BASCULE_KERNEL Vec to_floats(Doubles low, Doubles high) {
  return Vec{static_cast<float>(low[0]), static_cast<float>(low[1]), static_cast<float>(high[0]),
             static_cast<float>(high[1])};
}
BASCULE_KERNEL std::int64_t unsigned_lane(Bits v, int lane) {
  return std::int64_t{static_cast<std::uint32_t>(v[lane])};
}
/// Unsigned words as 64-bit integers.
BASCULE_KERNEL LongBits low_longs(Bits v) {
  return LongBits{unsigned_lane(v, 0), unsigned_lane(v, 1)};
}
BASCULE_KERNEL LongBits high_longs(Bits v) {
  return LongBits{unsigned_lane(v, 2), unsigned_lane(v, 3)};
}
/// The 64-bit products of unsigned words, in two halves.
BASCULE_KERNEL void multiply_wide(Bits a, std::uint32_t factor, Bits& high, Bits& low) {
  Bits h = {}, l = {};
  for (int lane = 0; lane < kWidth; ++lane) {
    const std::uint64_t product =
        std::uint64_t{static_cast<std::uint32_t>(a[lane])} * std::uint64_t{factor};
    l[lane] = static_cast<std::int32_t>(product);
    h[lane] = static_cast<std::int32_t>(product >> 32);
  }
  high = h;
  low = l;
}

#include "devices/cpu/vector_all.inc"

}  // namespace

const VectorKernels kVectorPortable = make_kernels("portable");

}  // namespace bascule::detail
