// The kernels with AVX2 instructions.
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

#define BASCULE_TARGET __attribute__((target("avx2,bmi,bmi2")))
#define BASCULE_KERNEL BASCULE_TARGET inline

BASCULE_KERNEL std::uint64_t reach(const float* sums, float bound) {
  const __m256 least = _mm256_set1_ps(bound);
  const __m256 a = _mm256_cmp_ps(_mm256_load_ps(sums), least, _CMP_GE_OQ);
  const __m256 b = _mm256_cmp_ps(_mm256_load_ps(sums + 8), least, _CMP_GE_OQ);
  return std::uint32_t(_mm256_movemask_ps(a)) | (std::uint32_t(_mm256_movemask_ps(b)) << 8);
}
BASCULE_KERNEL std::uint64_t reach(const std::uint8_t* counts, std::uint8_t bound) {
  const __m256i least = _mm256_set1_epi8(static_cast<char>(bound));
  std::uint64_t bits = 0;
  for (int half = 0; half < 2; ++half) {
    const __m256i found = _mm256_load_si256(reinterpret_cast<const __m256i*>(counts) + half);
    const __m256i high = _mm256_cmpeq_epi8(_mm256_max_epu8(found, least), found);
    bits |= std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))} << (32 * half);
  }
  return bits;
}

#include "devices/cpu/neighbors_kernels.inc"

}  // namespace

const NeighborKernels kNeighborsAvx2 = {"avx2", line, dot};

}  // namespace bascule::detail
#endif
