// The kernels with AVX512 instructions.
#if defined(__x86_64__)
#include <array>
#include <utility>

#include "devices/cpu/gemm_isa.h"
#include "devices/cpu/gemv_kernels.h"
#include "devices/cpu/lanes_avx512.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

constexpr int kPanel = 32;
constexpr int kTileRows = 12;  // 24 sums of 32 registers
constexpr std::int64_t kDepthBlock = 256;

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_pack.inc"
#include "devices/cpu/gemm_updates.inc"
#include "devices/cpu/gemm_variant.inc"

}  // namespace

constexpr GemmKernels kGemmAvx512 = make_kernels("avx512", kPairsAvx512, kGemvAvx512);

}  // namespace bascule::detail
#endif
