// Rows and elements that are named by indices.
#include <array>

#include "devices/cuda/cuda_ops.h"

namespace bascule::cuda {
namespace {

/// The indices are input number `indices`, x the one before them if there is one.
KernelResult make_indexed(const KernelLibrary& library, const KernelId<IndexArguments>& id,
                          const IndexArguments& a, std::size_t indices) {
  return one_launch(library, id, blocks_for(a.count), a,
                    [indices](IndexArguments& now, const KernelArguments& step) {
                      now.indices = input<std::int32_t>(step, indices);
                      if (indices > 0) now.x = input<float>(step, 0);
                      now.y = output<float>(step);
                    });
}

KernelResult make_gather(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& table = request.inputs[0].shape;
  IndexArguments a;
  a.count = request.node.outputs[0].shape.count();
  a.rows = table[0];
  a.columns = table[1];
  return make_indexed(library, ids::gather_rows, a, 1);
}

KernelResult make_pick(const KernelLibrary& library, const KernelRequest& request) {
  IndexArguments a;
  a.count = request.node.outputs[0].shape.count();
  a.columns = request.inputs[0].shape[1];
  return make_indexed(library, ids::pick, a, 1);
}

KernelResult make_place(const KernelLibrary& library, const KernelRequest& request) {
  IndexArguments a;
  a.count = request.node.outputs[0].shape.count();
  a.columns = request.node.outputs[0].shape[1];
  return make_indexed(library, ids::place, a, 1);
}

KernelResult make_one_hot(const KernelLibrary& library, const KernelRequest& request) {
  IndexArguments a;
  a.count = request.node.outputs[0].shape.count();
  a.columns = request.node.attributes.integer("classes");
  return make_indexed(library, ids::one_hot, a, 0);
}

}  // namespace

std::span<const CudaOp> index_ops() {
  static const std::array ops = {CudaOp{"gather_rows", make_gather}, CudaOp{"pick", make_pick},
                                 CudaOp{"place", make_place}, CudaOp{"one_hot", make_one_hot}};
  return ops;
}

}  // namespace bascule::cuda
