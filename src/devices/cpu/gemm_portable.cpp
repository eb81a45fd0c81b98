// Vectors of four floats, which every processor has or the compiler takes apart.
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "devices/cpu/gemm_isa.h"

namespace bascule::detail {
namespace {

#define BASCULE_TARGET
#define BASCULE_KERNEL BASCULE_TARGET __attribute__((always_inline)) inline

typedef float Vec __attribute__((vector_size(16)));
typedef int Lanes __attribute__((vector_size(16)));
constexpr int kWidth = 4;
constexpr int kPanel = 16;
constexpr int kTileRows = 3;  // 12 sums of 16 registers
constexpr Lanes kLowLanes = {0, 4, 1, 5};
constexpr Lanes kHighLanes = {2, 6, 3, 7};

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
BASCULE_KERNEL Vec root(Vec a) {
  return Vec{std::sqrt(a[0]), std::sqrt(a[1]), std::sqrt(a[2]), std::sqrt(a[3])};
}

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_pack.inc"
#include "devices/cpu/gemm_updates.inc"

}  // namespace

constexpr GemmKernels kGemmPortable = make_kernels("portable");

}  // namespace bascule::detail
