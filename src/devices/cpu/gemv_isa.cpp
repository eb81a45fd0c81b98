#include "devices/cpu/gemv_isa.h"

#include <string_view>

namespace bascule::detail {

const GemvKernels& gemv_kernels(const GemmKernels& gemm) {
#if defined(__x86_64__)
  const std::string_view name = gemm.name;
  if (name == kGemvAvx512.name) return kGemvAvx512;
  if (name == kGemvAvx2.name) return kGemvAvx2;
#endif
  return kGemvPortable;
}

}  // namespace bascule::detail
