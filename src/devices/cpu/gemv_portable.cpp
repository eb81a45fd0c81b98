// Vectors of four floats, which every processor has or the compiler takes apart.
#include <utility>

#include "devices/cpu/gemv_kernels.h"
#include "devices/cpu/lanes_portable.h"

namespace bascule::detail {
namespace {

constexpr int kPanel = 16;

#include "devices/cpu/gemv_kernels.inc"

}  // namespace

constexpr GemvKernels kGemvPortable = make_gemv_kernels();

}  // namespace bascule::detail
