// Products of bf16 with AVX2 and FMA instructions.
#if defined(__x86_64__)
#include <array>
#include <cstring>
#include <utility>

#include "devices/cpu/lanes_avx2.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

constexpr int kPanel = 16;
constexpr int kTileRows = 4;  // 8 sums, and both halves of what they are sums of, in 16 registers

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_updates.inc"
#include "devices/cpu/pairs_base.inc"
#include "devices/cpu/pairs_emulated.inc"
#include "devices/cpu/pairs_kernels.inc"

}  // namespace

constexpr WordKernels kPairsAvx2 = make_pair_kernels(false);

}  // namespace bascule::detail
#endif
