// Plain C++ for every processor.
#include <cstring>

#include "devices/cpu/neighbors_isa.h"

namespace bascule::detail {
namespace {

#define BASCULE_TARGET
#define BASCULE_KERNEL BASCULE_TARGET inline

/// The lanes of a block that reach their thresholds, as bits.
std::uint32_t at_least(const float* scores, const float* thresholds) {
  std::uint32_t hits = 0;
  for (int l = 0; l < kBlock; ++l) hits |= std::uint32_t{scores[l] >= thresholds[l]} << l;
  return hits;
}
std::uint32_t at_least(const float* scores, float threshold) {
  std::uint32_t hits = 0;
  for (int l = 0; l < kBlock; ++l) hits |= std::uint32_t{scores[l] >= threshold} << l;
  return hits;
}
/// The lanes that reach `low` or factor · needs.
std::uint32_t at_least_either(const float* sums, float low, const float* needs, float factor) {
  std::uint32_t hits = 0;
  for (int l = 0; l < kBlock; ++l)
    hits |= std::uint32_t{sums[l] >= low || sums[l] >= factor * needs[l]} << l;
  return hits;
}
BASCULE_KERNEL std::uint64_t take_marks(std::uint8_t* marks) {
  std::uint64_t bits = 0;
  for (int eighth = 0; eighth < 8; ++eighth) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, marks + 8 * eighth, 8);
    // The low bits of eight bytes, gathered into the top byte.
    bits |= (bytes * 0x0102040810204080U >> 56) << (8 * eighth);
  }
  std::memset(marks, 0, kMarks);
  return bits;
}

#include "devices/cpu/neighbors_kernels.inc"

}  // namespace

const NeighborKernels kNeighborsPortable = {"portable", line, pairs, find_needs, dot};

}  // namespace bascule::detail
