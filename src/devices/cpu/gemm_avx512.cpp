// The kernels with AVX512 instructions.
#if defined(__x86_64__)
#include <array>
#include <utility>

#include "devices/cpu/gemm_isa.h"
#include "devices/cpu/lanes_avx512.h"

namespace bascule::detail {
namespace {

constexpr int kPanel = 32;
constexpr int kTileRows = 12;  // 24 sums of 32 registers

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_pack.inc"
#include "devices/cpu/gemm_updates.inc"

}  // namespace

constexpr GemmKernels kGemmAvx512 = make_kernels("avx512");

}  // namespace bascule::detail
#endif
