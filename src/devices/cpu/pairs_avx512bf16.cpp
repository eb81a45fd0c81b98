// Products of bf16 with the AVX-512 instructions for them.
#if defined(__x86_64__)
#include <array>
#include <cstring>
#include <utility>

#include "devices/cpu/lanes_avx512.h"
#include "devices/cpu/word_kernels.h"

#undef BASCULE_TARGET
#define BASCULE_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")))

namespace bascule::detail {
namespace {

constexpr int kPanel = 32;
constexpr int kTileRows = 12;

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_updates.inc"
#include "devices/cpu/pairs_base.inc"
#include "devices/cpu/pairs_words_avx512bf16.inc"

constexpr Interleaving kLowWords(0, 32), kHighWords(16, 32);

struct PairTerms : FloatTerms {
  static constexpr bool kPairs = true;
  BASCULE_KERNEL static Vec add(Vec x, Vec y, Vec sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)y);
  }
};
struct HalfTerms : PairTerms {
  template <int kPart, int kVectors>
  BASCULE_KERNEL static void read(const float* b, Vec (&row)[kVectors]) {
    if constexpr (kVectors == 2) {
      const auto even = (__m512i)load(b), odd = (__m512i)load(b + kWidth);
      row[0] = (Vec)_mm512_permutex2var_epi16(even, kLowWords.load(), odd);
      row[1] = (Vec)_mm512_permutex2var_epi16(even, kHighWords.load(), odd);
    } else {
      row[0] = (Vec)_mm512_permutexvar_epi16(kHalfWords.load(), (__m512i)load(b));
    }
  }
};

BASCULE_KERNEL Vec words_along(const float* x) {
  return (Vec)_mm512_cvtne2ps_pbh(load(x + kWidth), load(x));
}

#include "devices/cpu/pairs_kernels.inc"

}  // namespace

constexpr WordKernels kPairsAvx512Bf16 = make_pair_kernels(true);

}  // namespace bascule::detail
#endif
