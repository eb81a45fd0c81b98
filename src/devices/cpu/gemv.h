#pragma once
// y = act(x W + bias) of a single row x: bound by how fast W is read, so W is streamed once, some
// panels side by side, and nothing is packed or copied.
#include "devices/cpu/gemv_kernels.h"
#include "devices/cpu/linear.h"

namespace bascule::detail {

struct GemvPlan {
  GemmPlan product;  ///< shape, layout and kernels
  const GemvKernels* kernels = nullptr;
  std::int64_t chunks = 1;  ///< of whole panels
};
/// W[inputs, outputs] is kRowMajor or kPanels. Little weights are one chunk, which runs on the
/// calling thread and wakes nobody.
GemvPlan plan_gemv(const GemmKernels& kernels, std::int64_t inputs, std::int64_t outputs,
                   MatrixLayout weights);
/// Allocates nothing and needs no workspace. Sums go through the inputs in their order, as those of
/// tiles with eight vectors of results or more do, on any number of threads: the bits are those
/// that the row has in a batch of such tiles, unless that is summed up in halves.
void gemv(const GemvPlan& plan, const float* x, const float* w, const ForwardEpilogue& epilogue,
          float* y, ThreadPool& pool);

}  // namespace bascule::detail
