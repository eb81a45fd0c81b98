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

#include "devices/cpu/neighbors_kernels.inc"

}  // namespace

const NeighborKernels kNeighborsAvx512 = {"avx512", line, pairs, bound_blocks, dot};

}  // namespace bascule::detail
#endif
