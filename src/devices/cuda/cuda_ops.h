#pragma once
// Which ops have kernels on the GPU, one file per family.
#include <memory>
#include <span>
#include <string_view>

#include "devices/cuda/kernel_library.h"
#include "devices/cuda/walks.h"
#include "devices/function_kernel.h"

namespace bascule::cuda {

using detail::input;
using detail::make_kernel;
using detail::output;
using KernelResult = Result<std::unique_ptr<Kernel>>;

/// Requests have row-major values only. The library outlives the kernel.
struct CudaOp {
  std::string_view op;
  KernelResult (*make)(const KernelLibrary& library, const KernelRequest& request);
  /// Is there a kernel for a node with these attributes? Null: always.
  bool (*supports)(const Node& node) = nullptr;
};

std::span<const CudaOp> element_ops();
std::span<const CudaOp> move_ops();
std::span<const CudaOp> index_ops();
std::span<const CudaOp> reduce_ops();
std::span<const CudaOp> row_ops();
std::span<const CudaOp> random_ops();
std::span<const CudaOp> update_ops();
std::span<const CudaOp> product_ops();
std::span<const CudaOp> sparse_ops();

/// Null when the GPU has no kernel for this node.
const CudaOp* find_cuda_op(const Node& node);

/// Blocks in which each of `count` threads has one.
inline std::int64_t blocks_for(std::int64_t count) {
  return (count + kThreads - 1) / kThreads;
}

/// A kernel of one launch: fill(arguments of the kernel, those of the step) sets the pointers.
template <class Arguments, class Fill>
KernelResult one_launch(const KernelLibrary& library, const KernelId<Arguments>& id,
                        std::int64_t blocks, Arguments arguments, Fill fill) {
  BASCULE_ASSIGN(const Launcher<Arguments> launch, library.find(id));
  return make_kernel(id.symbol, 0,
                     [launch, blocks, arguments, fill](const KernelArguments& step) mutable {
                       fill(arguments, step);
                       launch(blocks, arguments);
                     });
}

}  // namespace bascule::cuda
