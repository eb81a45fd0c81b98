// Updates of optimizers, one launch per weight.
#include <array>

#include <bascule/graph/op.h>

#include "devices/cuda/cuda_ops.h"
#include "devices/cuda/update_arguments.h"

namespace bascule::cuda {
namespace {

KernelResult make_update(const KernelLibrary& library, const KernelRequest& request) {
  const UpdateArguments a = update_arguments(request.node.op->name, request.node);
  return one_launch(library, a.lazy ? ids::lazy_update : ids::update,
                    a.lazy ? a.count / a.columns : blocks_for(a.count), a,
                    [](UpdateArguments& now, const KernelArguments& step) {
                      fill_update(now, step, 0, /*gradient=*/true);
                    });
}

}  // namespace

std::span<const CudaOp> update_ops() {
  static const std::array ops = {
      CudaOp{"sgd_update", make_update}, CudaOp{"momentum_update", make_update},
      CudaOp{"rmsprop_update", make_update}, CudaOp{"adam_update", make_update},
      CudaOp{"lion_update", make_update}};
  return ops;
}

}  // namespace bascule::cuda
