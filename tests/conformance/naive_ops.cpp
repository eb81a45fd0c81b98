#include "conformance/naive_ops.h"

#include <stdexcept>

#include <bascule/graph/element_op.h>

#include "conformance/naive_functions.h"
#include "conformance/naive_index.h"

namespace bascule {
namespace naive {
namespace {

Tensor elementwise(const Node& node, const Inputs& x) {
  const double p = node.attributes.has("parameter") ? node.attributes.number("parameter") : 0;
  return from_index(node, [&](const Index& i) {
    return naive_function(node.op->name, broadcast_at(x[0], i),
                          x.size() > 1 ? broadcast_at(x[1], i) : 0,
                          x.size() > 2 ? broadcast_at(x[2], i) : 0, p);
  });
}

Tensor matmul(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    return product(node, x[0], node.attributes.flag("transpose_a"), x[1],
                   node.attributes.flag("transpose_b"), i[0], i[1]);
  });
}

Tensor linear(const Node& node, const Inputs& x) {
  const std::string& name = node.attributes.text("activation");
  const double p = node.attributes.number("parameter");
  return from_index(node, [&](const Index& i) {
    const double bias = x.size() == 3 ? at(x[2], {i[1]}) : 0;
    const double y = product(node, x[0], false, x[1], false, i[0], i[1]) + bias;
    return name.empty() ? y : naive_function(name, y, 0, 0, p);
  });
}
Tensor input_grad(const Node& node, const Inputs& x) {
  const std::string& name = node.attributes.text("activation");
  return from_index(node, [&](const Index& i) {
    const double dx = product(node, x[0], false, x[1], true, i[0], i[1]);
    return name.empty()
               ? dx
               : naive_function(name, dx, at(x[2], i), 0, node.attributes.number("parameter"));
  });
}
Tensor weight_grad(const Node& node, const Inputs& x) {
  return from_index(
      node, [&](const Index& i) { return product(node, x[0], true, x[1], false, i[0], i[1]); });
}
/// A sparse matrix comes with its zeros.
Tensor sparse_matmul(const Node& node, const Inputs& x) {
  return from_index(
      node, [&](const Index& i) { return product(node, x[0], false, x[1], false, i[0], i[1]); });
}

Tensor reshape(const Node& node, const Inputs& x) {
  return {node.outputs[0], x[0].values};
}
Tensor broadcast_to(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) { return broadcast_at(x[0], i); });
}
Tensor transpose(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    Index own(i.size());
    for (std::size_t axis = 0; axis < i.size(); ++axis)
      own[static_cast<std::size_t>(node.attributes.integers("permutation")[axis])] = i[axis];
    return at(x[0], own);
  });
}
std::size_t axis_of(const Node& node) {
  return static_cast<std::size_t>(node.attributes.integer("axis"));
}
Tensor slice(const Node& node, const Inputs& x) {
  return from_index(node, [&](Index i) {
    i[axis_of(node)] += node.attributes.integer("begin");
    return at(x[0], i);
  });
}
Tensor pad_slice(const Node& node, const Inputs& x) {
  return from_index(node, [&](Index i) {
    std::int64_t& along = i[axis_of(node)];
    along -= node.attributes.integer("begin");
    return along >= 0 && along < x[0].type.shape[axis_of(node)] ? at(x[0], i) : 0;
  });
}
Tensor concat(const Node& node, const Inputs& x) {
  return from_index(node, [&](Index i) {
    std::int64_t& along = i[axis_of(node)];
    std::size_t part = 0;
    while (along >= x[part].type.shape[axis_of(node)]) along -= x[part++].type.shape[axis_of(node)];
    return at(x[part], i);
  });
}
Tensor cast(const Node& node, const Inputs& x) {
  // The drawn integers fit; halves round to even as rint() does.
  const bool integer = node.outputs[0].dtype == DType::kI32 || node.outputs[0].dtype == DType::kI64;
  return from_index(node,
                    [&](const Index& i) { return integer ? std::rint(at(x[0], i)) : at(x[0], i); });
}

/// The instructions as the attributes have them: op, three registers, place of the parameter.
std::vector<Tensor> map(const Node& node, const Inputs& x) {
  const auto& code = node.attributes.integers("code");
  const auto& parameters = node.attributes.numbers("parameters");
  const auto& results = node.attributes.integers("results");
  std::vector<Tensor> y;
  for (const ValueType& type : node.outputs) y.push_back(filled(type, 0));
  for (const Index& i : indices(node.outputs[0].shape)) {
    std::vector<double> registers;
    for (const Tensor& tensor : x) registers.push_back(broadcast_at(tensor, i));
    const auto operand = [&](std::size_t word) {
      return registers[static_cast<std::size_t>(code[word])];
    };
    for (std::size_t word = 0; word < code.size(); word += 5) {
      const auto name = element_op_info(static_cast<ElementOp>(code[word])).name;
      const double p =
          code[word + 4] < 0 ? 0 : parameters[static_cast<std::size_t>(code[word + 4])];
      registers.push_back(
          naive_function(name, operand(word + 1), operand(word + 2), operand(word + 3), p));
    }
    for (std::size_t o = 0; o < y.size(); ++o)
      at(y[o], i) = registers[static_cast<std::size_t>(results[o])];
  }
  return y;
}

std::map<std::string_view, Formula> all_formulas() {
  std::map<std::string_view, Formula> all = row_formulas();
  all.insert({{"matmul", one<matmul>},
              {"linear", one<linear>},
              {"linear_input_grad", one<input_grad>},
              {"linear_weight_grad", one<weight_grad>},
              {"sparse_matmul", one<sparse_matmul>},
              {"sparse_matmul_transposed", one<weight_grad>},
              {"reshape", one<reshape>},
              {"broadcast_to", one<broadcast_to>},
              {"transpose", one<transpose>},
              {"slice", one<slice>},
              {"pad_slice", one<pad_slice>},
              {"concat", one<concat>},
              {"cast", one<cast>},
              {"map", map}});
  for (const ElementOpInfo& info : element_ops()) all.emplace(info.name, one<elementwise>);
  return all;
}

}  // namespace
}  // namespace naive

std::vector<Tensor> naive_outputs(const Node& node, const std::vector<Tensor>& inputs) {
  static const auto formulas = naive::all_formulas();
  const auto at = formulas.find(node.op->name);
  if (at == formulas.end())
    throw std::runtime_error("no formula for " + std::string(node.op->name));
  return at->second(node, inputs);
}

}  // namespace bascule
