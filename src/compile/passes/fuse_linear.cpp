// Products with what follows them:
//   act(x w + bias)        → linear
//   act_grad(dy wᵀ, y)     → linear_input_grad
//   xᵀ dy                  → linear_weight_grad
// A product is taken with its successors as far as nothing else reads what lies between. Whether
// act_grad reads the result or the operand of an activation is thereby settled: an operand that the
// gradient needs has a second reader, and the activation stays a node of its own.
#include <bascule/graph/element_op.h>
#include <bascule/graph/op.h>

#include "compile/passes.h"
#include "compile/rewrite.h"
#include "compile/users.h"

namespace bascule::detail {
namespace {

class LinearFuser {
 public:
  LinearFuser(const Graph& graph, const Target& target)
      : graph_(graph), target_(target), users_(graph) {}

  std::vector<Replacement> run() {
    std::vector<Replacement> found;
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const Node& node = graph_.node(id);
      if (node.op->name != "matmul") continue;
      const bool ta = node.attributes.flag("transpose_a");
      const bool tb = node.attributes.flag("transpose_b");
      auto one = !ta && !tb  ? linear(node, {id, 0})
                 : !ta && tb ? input_grad(node, {id, 0})
                 : ta && !tb ? by_node("linear_weight_grad", node.inputs, {}, {id, 0})
                             : std::nullopt;
      if (one) found.push_back(std::move(*one));
    }
    return found;
  }

 private:
  struct Epilogue {
    std::string name;
    double parameter = 0;
    Attributes attributes() const { return {{"activation", name}, {"parameter", parameter}}; }
  };

  std::optional<Replacement> by_node(std::string_view op, std::vector<ValueId> inputs,
                                     Attributes attributes, ValueId output) const {
    return replace_by_node(graph_, target_, op, std::move(inputs), std::move(attributes), {output});
  }

  /// The only reader of a value, when it is an element op whose result has the value's type.
  const ElementOpInfo* only_reader(ValueId value, Use& use) const {
    if (!users_.single(value)) return nullptr;
    use = users_.of(value)[0];
    const Node& node = graph_.node(use.node);
    return node.outputs[0] == graph_.type(value) ? find_element_op(node.op->name) : nullptr;
  }

  Epilogue epilogue(const ElementOpInfo& info, NodeId id) const {
    const Attributes& attributes = graph_.node(id).attributes;
    return {std::string(info.name), info.parameter ? attributes.number("parameter") : 0};
  }

  std::optional<Replacement> linear(const Node& product, ValueId end) const {
    std::vector<ValueId> inputs = product.inputs;
    const Shape bias_shape = {graph_.type(end).shape[1]};
    auto best = variable_name(graph_, inputs[1]) != nullptr
                    ? by_node("linear", inputs, Epilogue{}.attributes(), end)
                    : std::nullopt;
    Use use;
    const ElementOpInfo* reader = only_reader(end, use);
    if (reader != nullptr && reader->op == ElementOp::kAdd) {
      const ValueId bias = graph_.node(use.node).inputs[1 - use.operand];
      if (graph_.type(bias) != f32(bias_shape)) return best;
      inputs.push_back(bias);
      end = {use.node, 0};
      if (auto wider = by_node("linear", inputs, Epilogue{}.attributes(), end)) best = wider;
      reader = only_reader(end, use);
    }
    if (reader == nullptr || reader->operands != 1) return best;
    auto whole = by_node("linear", inputs, epilogue(*reader, use.node).attributes(), {use.node, 0});
    return whole ? whole : best;
  }

  std::optional<Replacement> input_grad(const Node& product, ValueId end) const {
    auto plain = by_node("linear_input_grad", product.inputs, Epilogue{}.attributes(), end);
    Use use;
    const ElementOpInfo* reader = only_reader(end, use);
    if (reader == nullptr || use.operand != 0 || !is_activation_gradient(reader->op)) return plain;
    const ValueId by = graph_.node(use.node).inputs[1];
    if (graph_.type(by) != graph_.type(end)) return plain;
    auto whole = by_node("linear_input_grad", {product.inputs[0], product.inputs[1], by},
                         epilogue(*reader, use.node).attributes(), {use.node, 0});
    return whole ? whole : plain;
  }

  static bool is_activation_gradient(ElementOp op) {
    return op >= ElementOp::kReluGrad && op <= ElementOp::kGeluTanhGrad;
  }

  const Graph& graph_;
  const Target& target_;
  Users users_;
};

}  // namespace

Graph fuse_linear(const Graph& graph, const Target& target) {
  return rewrite(graph, LinearFuser(graph, target).run());
}

}  // namespace bascule::detail
