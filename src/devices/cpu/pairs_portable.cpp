// Products of bf16 for every processor.
#include <array>
#include <cstring>
#include <utility>

#include "devices/cpu/lanes_portable.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

constexpr int kPanel = 16;
constexpr int kTileRows = 3;

#include "devices/cpu/gemm_kernels.inc"
#include "devices/cpu/gemm_updates.inc"
#include "devices/cpu/pairs_base.inc"
#include "devices/cpu/pairs_emulated.inc"
#include "devices/cpu/pairs_kernels.inc"

}  // namespace

constexpr WordKernels kPairsPortable = make_pair_kernels(false);

}  // namespace bascule::detail
