// Updates of optimizers, one launch per weight.
#include <array>

#include <bascule/graph/op.h>

#include "devices/cuda/cuda_ops.h"
#include "devices/cuda/update_arguments.h"

namespace bascule::cuda {
namespace {

KernelResult make_update(const KernelLibrary& library, const KernelRequest& request) {
  const Node& node = request.node;
  const UpdateArguments a = update_arguments(
      node.op->name, node.attributes, node.outputs[0].shape.count(), node.outputs.size() - 1);
  return one_launch(library, ids::update, blocks_for(a.count), a,
                    [](UpdateArguments& now, const KernelArguments& step) {
                      fill_update(now, step, 0, /*gradient=*/true);
                    });
}

}  // namespace

bool updates_all_rows(const Node& node) {
  return !node.attributes.has("lazy");
}

std::span<const CudaOp> update_ops() {
  static const std::array ops = {CudaOp{"sgd_update", make_update, updates_all_rows},
                                 CudaOp{"momentum_update", make_update, updates_all_rows},
                                 CudaOp{"rmsprop_update", make_update, updates_all_rows},
                                 CudaOp{"adam_update", make_update, updates_all_rows},
                                 CudaOp{"lion_update", make_update, updates_all_rows}};
  return ops;
}

}  // namespace bascule::cuda
