// The kernels with AVX512 instructions.
#if defined(__x86_64__)
#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include <immintrin.h>

#include "devices/cpu/neighbors_heavy.h"
#include "devices/cpu/neighbors_isa.h"

namespace bascule::detail {
namespace {

#define BASCULE_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2")))
#define BASCULE_KERNEL BASCULE_TARGET inline

BASCULE_KERNEL std::uint64_t reach(const float* sums, float bound) {
  return _mm512_cmp_ps_mask(_mm512_load_ps(sums), _mm512_set1_ps(bound), _CMP_GE_OQ);
}
BASCULE_KERNEL std::uint64_t reach(const std::uint8_t* counts, std::uint8_t bound) {
  const __m512i least = _mm512_set1_epi8(static_cast<char>(bound));
  return _mm512_cmpge_epu8_mask(_mm512_load_si512(counts), least);
}

#include "devices/cpu/neighbors_kernels.inc"

}  // namespace

const NeighborKernels kNeighborsAvx512 = {"avx512", line, dot};

}  // namespace bascule::detail
#endif
