// Vectors of four floats, which every processor has or the compiler takes apart.
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "devices/cpu/gemm_isa.h"
#include "devices/cpu/gemv_kernels.h"
#include "devices/cpu/lanes_portable.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

constexpr int kPanel = 16;
constexpr int kTileRows = 3;  // 12 sums of 16 registers
constexpr std::int64_t kDepthBlock = 256;

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_pack.inc"
#include "devices/cpu/gemm_updates.inc"
#include "devices/cpu/gemm_variant.inc"

}  // namespace

constexpr GemmKernels kGemmPortable = make_kernels("portable", kPairsPortable, kGemvPortable);

}  // namespace bascule::detail
