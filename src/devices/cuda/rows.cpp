// Softmax, its gradients and the cross entropy of labels: a block per row.
#include <array>

#include "devices/cuda/cuda_ops.h"

namespace bascule::cuda {
namespace {

template <const KernelId<RowArguments>& kId>
KernelResult make_softmax(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& shape = request.node.outputs[0].shape;
  RowArguments a;
  a.columns = shape[shape.rank() - 1];
  const std::int64_t rows = a.columns > 0 ? shape.count() / a.columns : 0;
  return one_launch(library, kId, rows, a, [](RowArguments& now, const KernelArguments& step) {
    now.x = input<float>(step, 0);
    now.second = step.inputs.size() > 1 ? input<float>(step, 1) : nullptr;
    now.y = output<float>(step);
  });
}

template <const KernelId<CrossEntropyArguments>& kId>
KernelResult make_cross_entropy(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& logits = request.inputs[0].shape;
  CrossEntropyArguments a;
  a.columns = logits[1];
  return one_launch(library, kId, logits[0], a,
                    [](CrossEntropyArguments& now, const KernelArguments& step) {
                      now.logits = input<float>(step, 0);
                      now.labels = input<std::int32_t>(step, 1);
                      now.gradient = step.inputs.size() > 2 ? input<float>(step, 2) : nullptr;
                      now.y = output<float>(step);
                    });
}

}  // namespace

std::span<const CudaOp> row_ops() {
  static const std::array ops = {
      CudaOp{"softmax", make_softmax<ids::softmax>},
      CudaOp{"log_softmax", make_softmax<ids::log_softmax>},
      CudaOp{"softmax_grad", make_softmax<ids::softmax_grad>},
      CudaOp{"log_softmax_grad", make_softmax<ids::log_softmax_grad>},
      CudaOp{"sparse_cross_entropy", make_cross_entropy<ids::cross_entropy>},
      CudaOp{"sparse_cross_entropy_grad", make_cross_entropy<ids::cross_entropy_grad>}};
  return ops;
}

}  // namespace bascule::cuda
