// The kernels with AVX512 instructions.
#if defined(__x86_64__)
#include <cstring>

#include <immintrin.h>

#include "devices/cpu/neighbors_isa.h"

namespace bascule::detail {
namespace {

#define BASCULE_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2")))
#define BASCULE_KERNEL BASCULE_TARGET inline

/// The lanes of a block that reach their thresholds, as bits.
BASCULE_KERNEL std::uint32_t at_least(const float* scores, const float* thresholds) {
  return _mm512_cmp_ps_mask(_mm512_loadu_ps(scores), _mm512_loadu_ps(thresholds), _CMP_GE_OQ);
}
BASCULE_KERNEL std::uint32_t at_least(const float* scores, float threshold) {
  return _mm512_cmp_ps_mask(_mm512_loadu_ps(scores), _mm512_set1_ps(threshold), _CMP_GE_OQ);
}
/// The lanes that reach `low` or factor · needs.
BASCULE_KERNEL std::uint32_t at_least_either(const float* sums, float low, const float* needs,
                                             float factor) {
  const __m512 dots = _mm512_loadu_ps(sums);
  const __m512 listed = _mm512_mul_ps(_mm512_loadu_ps(needs), _mm512_set1_ps(factor));
  return std::uint32_t{_mm512_cmp_ps_mask(dots, listed, _CMP_GE_OQ)} |
         _mm512_cmp_ps_mask(dots, _mm512_set1_ps(low), _CMP_GE_OQ);
}
BASCULE_KERNEL std::uint64_t take_marks(std::uint8_t* marks) {
  const __m512i bytes = _mm512_loadu_si512(marks);
  _mm512_storeu_si512(marks, _mm512_setzero_si512());
  return _mm512_test_epi8_mask(bytes, bytes);
}

#include "devices/cpu/neighbors_kernels.inc"

}  // namespace

const NeighborKernels kNeighborsAvx512 = {"avx512", line, pairs, find_needs, dot};

}  // namespace bascule::detail
#endif
