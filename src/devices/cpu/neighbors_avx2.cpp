// The kernels with AVX2 instructions.
#if defined(__x86_64__)
#include <cstring>

#include <immintrin.h>

#include "devices/cpu/neighbors_isa.h"

namespace bascule::detail {
namespace {

#define BASCULE_TARGET __attribute__((target("avx2,bmi,bmi2")))
#define BASCULE_KERNEL BASCULE_TARGET inline

BASCULE_KERNEL std::uint32_t at_least(const float* scores, __m256 low, __m256 high) {
  const __m256 a = _mm256_cmp_ps(_mm256_loadu_ps(scores), low, _CMP_GE_OQ);
  const __m256 b = _mm256_cmp_ps(_mm256_loadu_ps(scores + 8), high, _CMP_GE_OQ);
  return std::uint32_t(_mm256_movemask_ps(a)) | (std::uint32_t(_mm256_movemask_ps(b)) << 8);
}
/// The lanes of a block that reach their thresholds, as bits.
BASCULE_KERNEL std::uint32_t at_least(const float* scores, const float* thresholds) {
  return at_least(scores, _mm256_loadu_ps(thresholds), _mm256_loadu_ps(thresholds + 8));
}
BASCULE_KERNEL std::uint32_t at_least(const float* scores, float threshold) {
  return at_least(scores, _mm256_set1_ps(threshold), _mm256_set1_ps(threshold));
}
/// The lanes that reach `low` or factor · needs.
BASCULE_KERNEL std::uint32_t at_least_either(const float* sums, float low, const float* needs,
                                             float factor) {
  const __m256 f = _mm256_set1_ps(factor), bound = _mm256_set1_ps(low);
  return at_least(sums, _mm256_min_ps(_mm256_mul_ps(_mm256_loadu_ps(needs), f), bound),
                  _mm256_min_ps(_mm256_mul_ps(_mm256_loadu_ps(needs + 8), f), bound));
}
BASCULE_KERNEL std::uint64_t take_marks(std::uint8_t* marks) {
  std::uint64_t bits = 0;
  for (int half = 0; half < 2; ++half) {
    auto* bytes = reinterpret_cast<__m256i*>(marks) + half;
    const __m256i found = _mm256_cmpgt_epi8(_mm256_loadu_si256(bytes), _mm256_setzero_si256());
    bits |= std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(found))} << (32 * half);
    _mm256_storeu_si256(bytes, _mm256_setzero_si256());
  }
  return bits;
}

#include "devices/cpu/neighbors_kernels.inc"

}  // namespace

const NeighborKernels kNeighborsAvx2 = {"avx2", line, pairs, find_needs, dot};

}  // namespace bascule::detail
#endif
