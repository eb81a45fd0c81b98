#include "cuda/emulated_kernels.h"

#include "cuda/host_block.h"
// The bodies need the block.
#include "devices/cuda/kernels/batches.inc"
#include "devices/cuda/kernels/elastic_net.inc"
#include "devices/cuda/kernels/elements.inc"
#include "devices/cuda/kernels/factors.inc"
#include "devices/cuda/kernels/moves.inc"
#include "devices/cuda/kernels/neighbors.inc"
#include "devices/cuda/kernels/products.inc"
#include "devices/cuda/kernels/random.inc"
#include "devices/cuda/kernels/reduce.inc"
#include "devices/cuda/kernels/softmax.inc"
#include "devices/cuda/kernels/sparse.inc"
#include "devices/cuda/kernels/top.inc"
#include "devices/cuda/kernels/updates.inc"

namespace bascule::test {
namespace {

template <class Arguments, void (*kBody)(const cuda::bodies::Block&, const Arguments&)>
void run(const void* arguments, std::int64_t blocks, bool backwards) {
  for (std::int64_t block = 0; block < blocks; ++block)
    kBody({backwards ? blocks - 1 - block : block, backwards},
          *static_cast<const Arguments*>(arguments));
}

#define BASCULE_EMULATE(family, name, Arguments) \
  {#family, "bascule_" #name, sizeof(cuda::Arguments), run<cuda::Arguments, cuda::bodies::name>},
constexpr EmulatedKernel kKernels[] = {BASCULE_ALL_KERNELS(BASCULE_EMULATE)};
#undef BASCULE_EMULATE

}  // namespace

const EmulatedKernel* find_emulated_kernel(std::string_view family, std::string_view symbol) {
  for (const EmulatedKernel& kernel : kKernels) {
    if (kernel.family == family && kernel.symbol == symbol) return &kernel;
  }
  return nullptr;
}

}  // namespace bascule::test
