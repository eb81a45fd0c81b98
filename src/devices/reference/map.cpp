#include <bascule/graph/fused_ops.h>

#include "devices/reference/loops.h"
#include "devices/reference/strides.h"

namespace bascule::reference {
namespace {

template <class Real>
Loop map(const LoopRequest& request) {
  const MapCode code = map_code(request.node);
  std::vector<Walk> walks;
  for (const ValueType& type : request.inputs)
    walks.push_back(Walk::broadcast(type.shape, request.output().shape));
  return [=, count = request.output().shape.count(),
          registers = std::vector<double>(walks.size() + code.instructions.size())](
             const KernelArguments& arguments) mutable {
    const auto at = [&](std::int32_t place) { return registers[static_cast<std::size_t>(place)]; };
    for (std::int64_t i = 0; i < count; ++i) {
      std::size_t next = 0;
      for (const Walk& walk : walks) {
        registers[next] = static_cast<double>(input<Real>(arguments, next)[walk[i]]);
        ++next;
      }
      for (const MapInstruction& one : code.instructions)
        registers[next++] =
            apply_element_op(one.op, at(one.a), at(one.b), at(one.c), one.parameter);
      for (std::size_t o = 0; o < code.outputs.size(); ++o)
        output<Real>(arguments, o)[i] = static_cast<Real>(at(code.outputs[o]));
    }
  };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> map_loops() {
  return {{"map", map<Real>}};
}
template std::vector<LoopEntry> map_loops<float>();
template std::vector<LoopEntry> map_loops<double>();

}  // namespace bascule::reference
