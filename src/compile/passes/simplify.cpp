// Common subexpressions, constants and identities. Every node is made anew from its simplified
// operands, so that one sweep sees what earlier simplifications made possible.
#include <map>
#include <numeric>
#include <optional>

#include <bascule/graph/element_op.h>
#include <bascule/graph/op.h>

#include "compile/passes.h"
#include "compile/rewrite.h"
#include "compile/users.h"

namespace bascule::detail {
namespace {

using Operands = std::vector<Value>;

const Node& node_of(const Value& value) {
  return value.graph().node(value.id().node);
}
bool made_by(const Value& value, std::string_view op) {
  return node_of(value).op->name == op;
}
Value operand(const Value& value, std::size_t i = 0) {
  return {&value.graph(), node_of(value).inputs[i]};
}
double parameter(const Value& value) {
  return node_of(value).attributes.number("parameter");
}
/// What every element is, if that is known.
std::optional<double> constant_of(const Value& value) {
  if (!made_by(value, "constant")) return std::nullopt;
  return node_of(value).attributes.number("value");
}

class Simplifier {
 public:
  explicit Simplifier(const Graph& from) : from_(from), map_(from) {}

  Graph run() {
    for (NodeId id = 0; id < from_.size(); ++id) copy(id);
    copy_ends(from_, map_, to_);
    return rewrite(to_, {});
  }

 private:
  void copy(NodeId id) {
    const Node& node = from_.node(id);
    if (node.op->name == "constant") {
      map_.set({id, 0}, constant(node.attributes.number("value"), node.outputs[0]));
    } else if (is_source(node)) {
      map_.set({id, 0}, copy_source(node, to_));
    } else {
      Operands operands;
      for (const ValueId input : node.inputs) operands.push_back(map_.get(input));
      if (node.outputs.size() == 1) {
        map_.set({id, 0}, make(*node.op, std::move(operands), node.attributes));
      } else {
        for (const Value& value : make_plain(*node.op, operands, node.attributes))
          map_.set({id, value.id().output}, value);
      }
    }
  }

  Value constant(double value, const ValueType& type) {
    return make_plain(get_op("constant"), {}, {{"value", value}, {"type", encode_type(type)}})[0];
  }

  /// The node as it is, or an equal one that is there already.
  Operands make_plain(const OpInfo& op, const Operands& operands, const Attributes& attributes) {
    std::vector<ValueId> ids;
    for (const Value& value : operands) ids.push_back(value.id());
    std::vector<NodeId>& equals = known_[{&op, std::move(ids)}];
    for (const NodeId id : equals) {
      const Node& node = to_.node(id);
      if (node.attributes != attributes) continue;
      Operands outputs;
      for (std::size_t o = 0; o < node.outputs.size(); ++o)
        outputs.push_back({&to_, {id, static_cast<std::int32_t>(o)}});
      return outputs;
    }
    Operands outputs = to_.add(op, operands, attributes);
    equals.push_back(outputs[0].id().node);
    return outputs;
  }

  /// The result of an op with one output, by the simplest node known.
  Value make(const OpInfo& op, Operands operands, Attributes attributes) {
    if (const ElementOpInfo* element = find_element_op(op.name); element != nullptr)
      return make_element(op, *element, std::move(operands), std::move(attributes));
    if (const auto value = make_shape(op, operands, attributes)) return *value;
    if (op.name == "matmul") absorb_transposes(operands, attributes);
    return make_plain(op, operands, attributes)[0];
  }
  Value make(std::string_view op, Operands operands, Attributes attributes = {}) {
    return make(get_op(op), std::move(operands), std::move(attributes));
  }

  Value make_element(const OpInfo& op, const ElementOpInfo& element, Operands operands,
                     Attributes attributes) {
    const ValueType type = infer(op, operands, attributes);
    if (const auto folded = fold(element, operands, attributes, type)) return *folded;
    // Element ops broadcast by themselves.
    for (Value& value : operands) {
      if (!made_by(value, "broadcast_to")) continue;
      const Value broadcast = std::exchange(value, operand(value));
      if (infer(op, operands, attributes) != type) value = broadcast;
    }
    const auto simpler = element.operands == 1   ? simplify_one(element.op, operands[0], attributes)
                         : element.operands == 2 ? simplify_two(element.op, operands, type)
                                                 : std::nullopt;
    return simpler ? *simpler : make_plain(op, operands, attributes)[0];
  }

  static ValueType infer(const OpInfo& op, const Operands& operands, const Attributes& attributes) {
    std::vector<ValueType> types;
    for (const Value& value : operands) types.push_back(value.type());
    return op.infer(types, attributes)[0];
  }

  std::optional<Value> fold(const ElementOpInfo& element, const Operands& operands,
                            const Attributes& attributes, const ValueType& type) {
    double values[3] = {};
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const auto value = constant_of(operands[i]);
      if (!value) return std::nullopt;
      values[i] = static_cast<float>(*value);
    }
    const double by = element.parameter ? attributes.number("parameter") : 0;
    const double result = apply_element_op(element.op, values[0], values[1], values[2], by);
    return constant(static_cast<float>(result), type);
  }

  std::optional<Value> simplify_one(ElementOp op, const Value& a, const Attributes& attributes) {
    const double by = attributes.has("parameter") ? attributes.number("parameter") : 0;
    switch (op) {
      case ElementOp::kNegate:
        if (made_by(a, "negate")) return operand(a);
        if (made_by(a, "scale")) return scale(operand(a), -parameter(a));
        return std::nullopt;
      case ElementOp::kLog:
        if (made_by(a, "softmax")) return make("log_softmax", {operand(a)});
        return std::nullopt;
      case ElementOp::kScale:
        if (by == 1) return a;
        if (made_by(a, "scale")) return scale(operand(a), by * parameter(a));
        if (made_by(a, "negate")) return scale(operand(a), -by);
        return std::nullopt;
      case ElementOp::kOffset:
        if (by == 0) return a;
        if (made_by(a, "offset")) return offset(operand(a), by + parameter(a));
        return std::nullopt;
      default:
        return std::nullopt;
    }
  }

  /// With a constant whose shape adds nothing to that of the other operand.
  std::optional<Value> simplify_two(ElementOp op, const Operands& operands, const ValueType& type) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}}) {
      const auto value = constant_of(operands[at]);
      const Value& other = operands[1 - at];
      if (!value || other.type() != type) continue;
      switch (op) {
        case ElementOp::kMultiply:
          return scale(other, *value);
        case ElementOp::kAdd:
          return offset(other, *value);
        case ElementOp::kSubtract:
          return at == 1 ? offset(other, -*value) : offset(make("negate", {other}), *value);
        case ElementOp::kDivide:
          if (at == 1 && *value == 1) return other;
          return std::nullopt;
        default:
          return std::nullopt;
      }
    }
    return std::nullopt;
  }

  Value scale(const Value& a, double by) { return make("scale", {a}, {{"parameter", by}}); }
  Value offset(const Value& a, double by) { return make("offset", {a}, {{"parameter", by}}); }

  std::optional<Value> make_shape(const OpInfo& op, const Operands& operands,
                                  const Attributes& attributes) {
    if (op.name != "reshape" && op.name != "broadcast_to" && op.name != "transpose")
      return std::nullopt;
    const Value& a = operands[0];
    const ValueType type = infer(op, operands, attributes);
    if (const auto value = constant_of(a)) return constant(*value, type);
    if (op.name == "transpose") {
      std::vector<std::int64_t> permutation = attributes.integers("permutation");
      std::vector<std::int64_t> identity(permutation.size());
      std::iota(identity.begin(), identity.end(), 0);
      if (permutation == identity) return a;
      if (!made_by(a, "transpose")) return std::nullopt;
      const auto& inner = node_of(a).attributes.integers("permutation");
      for (std::int64_t& axis : permutation) axis = inner[static_cast<std::size_t>(axis)];
      return make("transpose", {operand(a)}, {{"permutation", std::move(permutation)}});
    }
    if (type == a.type()) return a;
    if (made_by(a, op.name)) return make(op, {operand(a)}, attributes);
    return std::nullopt;
  }

  static void absorb_transposes(Operands& operands, Attributes& attributes) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{1}}) {
      if (!made_by(operands[at], "transpose")) continue;  // of a matrix, and not the identity
      const std::string_view flag = at == 0 ? "transpose_a" : "transpose_b";
      operands[at] = operand(operands[at]);
      attributes.set(std::string(flag), std::int64_t{!attributes.flag(flag)});
    }
  }

  const Graph& from_;
  Graph to_;
  ValueMap map_;
  std::map<std::pair<const OpInfo*, std::vector<ValueId>>, std::vector<NodeId>> known_;
};

}  // namespace

Graph simplify(const Graph& graph, const Target&) {
  return Simplifier(graph).run();
}

}  // namespace bascule::detail
