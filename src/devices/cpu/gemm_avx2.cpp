// The kernels with AVX2 and FMA instructions.
#if defined(__x86_64__)
#include <array>
#include <utility>

#include "devices/cpu/gemm_isa.h"
#include "devices/cpu/gemv_kernels.h"
#include "devices/cpu/lanes_avx2.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

constexpr int kPanel = 16;
constexpr int kTileRows = 6;  // 12 sums of 16 registers
constexpr std::int64_t kDepthBlock = 1024;

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_pack.inc"
#include "devices/cpu/gemm_updates.inc"
#include "devices/cpu/gemm_variant.inc"

}  // namespace

constexpr GemmKernels kGemmAvx2 = make_kernels("avx2", kPairsAvx2, kGemvAvx2);

}  // namespace bascule::detail
#endif
