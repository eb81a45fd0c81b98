#include <bascule/graph/element_op.h>

#include "devices/reference/loops.h"
#include "devices/reference/strides.h"

namespace bascule::reference {
namespace {

template <class Real>
Loop elementwise(const LoopRequest& request) {
  const ElementOp op = find_element_op(request.node.op->name)->op;
  const double parameter =
      element_op_info(op).parameter ? request.attributes().number("parameter") : 0;
  std::vector<Walk> walks;
  for (const ValueType& type : request.inputs)
    walks.push_back(Walk::broadcast(type.shape, request.output().shape));
  return [=, count = request.output().shape.count()](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < count; ++i) {
      double operands[3] = {};
      for (std::size_t o = 0; o < walks.size(); ++o)
        operands[o] = static_cast<double>(input<Real>(arguments, o)[walks[o][i]]);
      output<Real>(arguments)[i] =
          static_cast<Real>(apply_element_op(op, operands[0], operands[1], operands[2], parameter));
    }
  };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> elementwise_loops() {
  std::vector<LoopEntry> entries;
  for (const ElementOpInfo& info : element_ops()) entries.push_back({info.name, elementwise<Real>});
  return entries;
}
template std::vector<LoopEntry> elementwise_loops<float>();
template std::vector<LoopEntry> elementwise_loops<double>();

}  // namespace bascule::reference
