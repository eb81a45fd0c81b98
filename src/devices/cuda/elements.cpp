// Element-wise ops and maps of them.
#include <vector>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>

#include "devices/cuda/cuda_ops.h"

namespace bascule::cuda {
namespace {

KernelResult make_element(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& shape = request.node.outputs[0].shape;
  ElementArguments a;
  a.op = find_element_op(request.node.op->name)->op;
  if (element_op_info(a.op).parameter)
    a.parameter = static_cast<float>(request.node.attributes.number("parameter"));
  a.count = shape.count();
  a.operands = static_cast<std::int32_t>(request.inputs.size());
  for (std::size_t o = 0; o < request.inputs.size(); ++o)
    a.walks[o] = broadcast_walk(request.inputs[o].shape, shape);
  return one_launch(library, ids::element, blocks_for(a.count), a,
                    [](ElementArguments& now, const KernelArguments& step) {
                      for (std::size_t o = 0; o < step.inputs.size(); ++o)
                        now.x[o] = input<float>(step, o);
                      now.y = output<float>(step);
                    });
}

bool fits_map(const Node& node) {
  const MapCode code = map_code(node);
  return code.inputs <= kMapInputs && code.instructions.size() <= kMapInstructions &&
         code.outputs.size() <= kMapOutputs;
}

KernelResult make_map(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& shape = request.node.outputs[0].shape;
  const MapCode code = map_code(request.node);
  const auto narrow = [](std::int32_t place) { return static_cast<std::uint8_t>(place); };
  MapArguments a;
  a.count = shape.count();
  a.inputs = code.inputs;
  for (const MapInstruction& one : code.instructions)
    a.code[a.instructions++] = {one.op, narrow(one.a), narrow(one.b), narrow(one.c),
                                static_cast<float>(one.parameter)};
  for (const std::int32_t result : code.outputs) a.results[a.outputs++] = narrow(result);
  for (std::size_t o = 0; o < request.inputs.size(); ++o)
    a.walks[o] = broadcast_walk(request.inputs[o].shape, shape);
  return one_launch(library, ids::map, blocks_for(a.count), a,
                    [](MapArguments& now, const KernelArguments& step) {
                      for (std::size_t o = 0; o < step.inputs.size(); ++o)
                        now.x[o] = input<float>(step, o);
                      for (std::size_t o = 0; o < step.outputs.size(); ++o)
                        now.y[o] = output<float>(step, o);
                    });
}

}  // namespace

std::span<const CudaOp> element_ops() {
  static const std::vector<CudaOp> ops = [] {
    std::vector<CudaOp> all = {{"map", make_map, fits_map}};
    for (const ElementOpInfo& info : bascule::element_ops())
      all.push_back({info.name, make_element});
    return all;
  }();
  return ops;
}

}  // namespace bascule::cuda
