// Updates of optimizers, of one weight or several by a launch.
#include <array>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>

#include "devices/cuda/cuda_ops.h"
#include "devices/cuda/update_arguments.h"
#include "graph/ops/optimizers.h"

namespace bascule::cuda {
namespace {

KernelResult make_update(const KernelLibrary& library, const KernelRequest& request) {
  const UpdateArguments a = update_arguments(request.node.op->name, request.node);
  return one_launch(library, a.lazy ? ids::lazy_update : ids::update,
                    a.lazy ? a.count / a.columns : update_blocks(a.count), a,
                    [](UpdateArguments& now, const KernelArguments& step) {
                      fill_update(now, step, 0, /*gradient=*/true);
                    });
}

KernelResult make_multi_update(const KernelLibrary& library, const KernelRequest& request) {
  static_assert(kMostMultiUpdates <= kUpdateParts);
  const Node& node = request.node;
  const auto layout = detail::update_parts(node.attributes, request.inputs.size());
  MultiUpdateArguments a;
  a.rule = update_arguments(layout.signature->name, node);
  a.rule.state_count = static_cast<std::int32_t>(layout.signature->states);
  a.count = static_cast<std::int32_t>(layout.count);
  std::int64_t blocks = 0;
  for (std::size_t p = 0; p < layout.count; ++p) {
    MultiUpdateArguments::Part& part = a.parts[p];
    part.count = node.outputs[layout.first(p)].shape.count();
    part.first_block = blocks;
    blocks += update_blocks(part.count);
  }
  return one_launch(library, ids::multi_update, blocks, a,
                    [layout](MultiUpdateArguments& now, const KernelArguments& step) {
                      for (std::size_t p = 0; p < layout.count; ++p) {
                        MultiUpdateArguments::Part& part = now.parts[p];
                        const std::size_t first = layout.first(p);
                        part.w = input<float>(step, first);
                        part.new_w = output<float>(step, first);
                        for (std::size_t s = 0; s < layout.signature->states; ++s) {
                          part.states[s] = input<float>(step, first + 1 + s);
                          part.new_states[s] = output<float>(step, first + 1 + s);
                        }
                        part.gradient = input<float>(step, layout.gradient(p));
                      }
                      fill_shared(now.rule, step, layout.gradient(layout.count));
                    });
}

}  // namespace

std::span<const CudaOp> update_ops() {
  static const std::array ops = {
      CudaOp{"sgd_update", make_update},     CudaOp{"momentum_update", make_update},
      CudaOp{"rmsprop_update", make_update}, CudaOp{"adam_update", make_update},
      CudaOp{"lion_update", make_update},    CudaOp{"multi_update", make_multi_update}};
  return ops;
}

}  // namespace bascule::cuda
