// Products of bf16 with AVX-512 instructions but those for bf16.
#if defined(__x86_64__)
#include <array>
#include <cstring>
#include <utility>

#include "devices/cpu/lanes_avx512.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

constexpr int kPanel = 32;
constexpr int kTileRows = 12;

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_updates.inc"
#include "devices/cpu/pairs_base.inc"
#include "devices/cpu/pairs_emulated.inc"
#include "devices/cpu/pairs_kernels.inc"

}  // namespace

constexpr WordKernels kPairsAvx512 = make_pair_kernels(false);

}  // namespace bascule::detail
#endif
