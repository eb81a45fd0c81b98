#if defined(__x86_64__)
#include <immintrin.h>

#include "devices/cpu/co_counts.h"

#if defined(__GNUC__) && !defined(__clang__)
// The intrinsics of GCC 12 start from undefined registers on purpose (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define BASCULE_TARGET __attribute__((target("avx512f,avx512vpopcntdq")))
#define BASCULE_KERNEL BASCULE_TARGET inline __attribute__((always_inline))

namespace bascule::detail {
namespace {

constexpr int kGroup = kCoCountGroup;
static_assert(kBlockBits == 512 && kGroup == 4);

/// Sums of neighbours: of a in the even elements, of b in the odd ones.
BASCULE_KERNEL __m512i add_neighbours(__m512i a, __m512i b) {
  return _mm512_add_epi64(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}
/// Sums of quarters, two of a and then two of b.
BASCULE_KERNEL __m512i add_quarters(__m512i a, __m512i b) {
  return _mm512_add_epi64(_mm512_shuffle_i64x2(a, b, 0x88), _mm512_shuffle_i64x2(a, b, 0xdd));
}
/// Element i is the sum over v[i].
BASCULE_KERNEL __m512i across(const __m512i (&v)[8]) {
  const __m512i low = add_quarters(add_neighbours(v[0], v[1]), add_neighbours(v[2], v[3]));
  const __m512i high = add_quarters(add_neighbours(v[4], v[5]), add_neighbours(v[6], v[7]));
  return add_quarters(low, high);
}

BASCULE_TARGET void count(const BitColumns& bits, std::int64_t row, std::int64_t columns,
                          std::int64_t blocks, std::int32_t* counts, std::int64_t stride) {
  const std::uint64_t* mine[kGroup];
  for (int r = 0; r < kGroup; ++r) mine[r] = bits.column(row + r);
  for (std::int64_t j = 0; j < columns; j += kGroup) {
    const std::uint64_t* others[kGroup];
    for (int c = 0; c < kGroup; ++c) others[c] = bits.column(j + c);
    __m512i sums[kGroup][kGroup] = {};
    for (std::int64_t b = 0; b < blocks * kBlockWords; b += kBlockWords) {
      __m512i other[kGroup];
#pragma GCC unroll 4
      for (int c = 0; c < kGroup; ++c) other[c] = _mm512_load_si512(others[c] + b);
#pragma GCC unroll 4
      for (int r = 0; r < kGroup; ++r) {
        const __m512i own = _mm512_load_si512(mine[r] + b);
#pragma GCC unroll 4
        for (int c = 0; c < kGroup; ++c)
          sums[r][c] =
              _mm512_add_epi64(sums[r][c], _mm512_popcnt_epi64(_mm512_and_si512(own, other[c])));
      }
    }
#pragma GCC unroll 2
    for (int r = 0; r < kGroup; r += 2) {
      const __m512i both[8] = {sums[r][0],     sums[r][1],     sums[r][2],     sums[r][3],
                               sums[r + 1][0], sums[r + 1][1], sums[r + 1][2], sums[r + 1][3]};
      const __m256i words = _mm512_cvtepi64_epi32(across(both));
      std::int32_t* to = counts + r * stride + j;
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(words));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + stride), _mm256_extracti128_si256(words, 1));
    }
  }
}

}  // namespace

const CoCountKernels kCoCountsAvx512 = {"avx512vpopcntdq", .75, 1.25, count};

}  // namespace bascule::detail
#endif
