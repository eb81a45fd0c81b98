// Sums and greatest elements along axes.
#include <algorithm>
#include <array>

#include "devices/cuda/cuda_ops.h"
#include "devices/reference/strides.h"

namespace bascule::cuda {
namespace {

ReduceArguments reduction(const KernelRequest& request) {
  const Shape& shape = request.inputs[0].shape;
  const auto& axes = request.node.attributes.integers("axes");
  const auto own = reference::row_major_strides(shape);
  std::vector<std::int64_t> extents[2], strides[2];
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const bool inner = std::find(axes.begin(), axes.end(), axis) != axes.end();
    extents[inner].push_back(shape[axis]);
    strides[inner].push_back(own[axis]);
  }
  ReduceArguments a;
  a.outer = make_walk(extents[0], strides[0]);
  a.inner = make_walk(extents[1], strides[1]);
  a.outputs = request.node.outputs[0].shape.count();
  a.elements = 1;
  for (const std::int64_t extent : extents[1]) a.elements *= extent;
  return a;
}

/// Whether one thread per output reads memory well, or has next to nothing to do.
bool by_thread(const ReduceArguments& a) {
  constexpr std::int64_t kFew = 32, kWarp = 32;
  const int last = a.outer.rank - 1;
  const bool side_by_side =
      last >= 0 && a.outer.strides[last] == 1 && a.outer.extents[last] >= kWarp;
  return a.elements <= kFew || side_by_side;
}

void fill(ReduceArguments& now, const KernelArguments& step) {
  now.x = input<float>(step, 0);
  now.y = step.outputs[0];
}

KernelResult make_reduce(const KernelLibrary& library, const KernelRequest& request,
                         const KernelId<ReduceArguments>& block,
                         const KernelId<ReduceArguments>& thread) {
  const ReduceArguments a = reduction(request);
  if (by_thread(a)) return one_launch(library, thread, blocks_for(a.outputs), a, fill);
  return one_launch(library, block, a.outputs, a, fill);
}

KernelResult make_sum(const KernelLibrary& library, const KernelRequest& request) {
  return make_reduce(library, request, ids::sum_by_block, ids::sum_by_thread);
}

KernelResult make_max(const KernelLibrary& library, const KernelRequest& request) {
  return make_reduce(library, request, ids::max_by_block, ids::max_by_thread);
}

KernelResult make_argmax(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& shape = request.inputs[0].shape;
  ReduceArguments a;
  a.outputs = request.node.outputs[0].shape.count();
  a.elements = shape[shape.rank() - 1];
  return one_launch(library, ids::argmax, a.outputs, a, fill);
}

}  // namespace

std::span<const CudaOp> reduce_ops() {
  static const std::array ops = {CudaOp{"sum", make_sum}, CudaOp{"max", make_max},
                                 CudaOp{"argmax", make_argmax}};
  return ops;
}

}  // namespace bascule::cuda
