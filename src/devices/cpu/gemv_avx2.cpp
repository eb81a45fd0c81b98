// The product of a row by a matrix with AVX2 instructions.
#if defined(__x86_64__)
#include <utility>

#include "devices/cpu/gemv_kernels.h"
#include "devices/cpu/lanes_avx2.h"

namespace bascule::detail {
namespace {

constexpr int kPanel = 16;

#include "devices/cpu/gemv_kernels.inc"

}  // namespace

constexpr GemvKernels kGemvAvx2 = make_gemv_kernels();

}  // namespace bascule::detail
#endif
