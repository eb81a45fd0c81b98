#include <cassert>

#include <fmt/format.h>

#include <bascule/graph/graph.h>
#include <bascule/graph/op.h>

namespace bascule {

const ValueType& Value::type() const {
  return graph_->type(id_);
}

Value Graph::input(const std::string& name, const ValueType& type) {
  if (inputs_.contains(name)) throw GraphError("input", fmt::format("two of the name {}", name));
  const Value value = add_one("input", {}, {{"name", name}, {"type", encode_type(type)}});
  inputs_[name] = value.id();
  return value;
}

Value Graph::variable(const std::string& name, const ValueType& type, VariableRole role) {
  if (const auto at = variables_.find(name); at != variables_.end()) {
    if (this->type(at->second) != type)
      throw GraphError("variable",
                       fmt::format("{} is {}, not {}", name, this->type(at->second).to_string(),
                                   type.to_string()));
    return {this, at->second};
  }
  if (type.storage != Storage::kDense)
    throw GraphError("variable", fmt::format("{} must be dense", name));
  const Value value = add_one(
      "variable", {},
      {{"name", name}, {"role", static_cast<std::int64_t>(role)}, {"type", encode_type(type)}});
  variables_[name] = value.id();
  return value;
}

Value Graph::constant(double value, const ValueType& type) {
  return add_one("constant", {}, {{"value", value}, {"type", encode_type(type)}});
}

std::vector<Value> Graph::add(const OpInfo& op, std::span<const Value> inputs,
                              Attributes attributes) {
  Node node;
  node.op = &op;
  std::vector<ValueType> types;
  types.reserve(inputs.size());
  for (const Value& input : inputs) {
    if (!input.valid() || &input.graph() != this)
      throw GraphError(op.name, "an argument is not a value of this graph");
    node.inputs.push_back(input.id());
    types.push_back(input.type());
  }
  node.outputs = op.infer(types, attributes);
  node.attributes = std::move(attributes);
  const NodeId id = size();
  std::vector<Value> outputs;
  for (std::size_t o = 0; o < node.outputs.size(); ++o)
    outputs.push_back({this, {id, static_cast<std::int32_t>(o)}});
  nodes_.push_back(std::move(node));
  return outputs;
}

Value Graph::add_one(std::string_view op, std::span<const Value> inputs, Attributes attributes) {
  std::vector<Value> outputs = add(get_op(op), inputs, std::move(attributes));
  assert(outputs.size() == 1);
  return outputs[0];
}

void Graph::assign(const Value& variable, const Value& value) {
  const Node& target = node(variable.id().node);
  if (target.op->name != "variable") throw GraphError("assign", "the target is not a variable");
  const std::string& name = target.attributes.text("name");
  if (variable.type() != value.type())
    throw GraphError("assign", fmt::format("{} is {}, the value {}", name,
                                           variable.type().to_string(), value.type().to_string()));
  if (!assigns_.emplace(name, value.id()).second)
    throw GraphError("assign", fmt::format("{} is assigned twice", name));
}

void Graph::output(const std::string& name, const Value& value) {
  if (!outputs_.emplace(name, value.id()).second)
    throw GraphError("output", fmt::format("two of the name {}", name));
}

std::vector<ValueType> Graph::input_types(const Node& node) const {
  std::vector<ValueType> types;
  types.reserve(node.inputs.size());
  for (const ValueId input : node.inputs) types.push_back(type(input));
  return types;
}

VariableRole Graph::role(const Node& variable) {
  return static_cast<VariableRole>(variable.attributes.integer("role"));
}

}  // namespace bascule
