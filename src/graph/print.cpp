#include <fmt/format.h>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>
#include <bascule/graph/print.h>

namespace bascule {
namespace {

/// "%3", and "%3.1" for a second output.
std::string value_name(ValueId id) {
  return id.output == 0 ? fmt::format("%{}", id.node) : fmt::format("%{}.{}", id.node, id.output);
}

std::string_view role_name(VariableRole role) {
  switch (role) {
    case VariableRole::kParameter:
      return "parameter";
    case VariableRole::kBuffer:
      return "buffer";
    case VariableRole::kState:
      return "state";
    case VariableRole::kControl:
      return "control";
  }
  return {};
}

/// What an element op of a map does: "r5 = leaky_relu(r4, 0.1)".
std::string instruction_text(const MapInstruction& one, std::size_t target) {
  const ElementOpInfo& info = element_op_info(one.op);
  std::string operands;
  const std::int32_t registers[] = {one.a, one.b, one.c};
  for (int i = 0; i < info.operands; ++i)
    operands += fmt::format("{}r{}", i == 0 ? "" : ", ", registers[i]);
  if (info.parameter) operands += fmt::format(", {}", one.parameter);
  return fmt::format("r{} = {}({})", target, info.name, operands);
}

std::string map_text(const Node& node) {
  const MapCode code = map_code(node);
  std::string text;
  std::size_t target = node.inputs.size();
  for (const MapInstruction& one : code.instructions)
    text += (text.empty() ? "" : "; ") + instruction_text(one, target++);
  for (std::size_t o = 0; o < code.outputs.size(); ++o)
    text += fmt::format("{}r{}", o == 0 ? " -> " : ", ", code.outputs[o]);
  return text;
}

/// What stands between the parentheses after the operands.
std::string attribute_text(const Node& node) {
  if (node.op->name == "map") return map_text(node);
  if (node.op->name == "variable")
    return fmt::format("{}, {}", node.attributes.text("name"), role_name(Graph::role(node)));
  std::string text;
  for (const auto& [name, value] : node.attributes.entries()) {
    if (name == "type") continue;  // stands after the colon
    Attributes one;
    one.set(name, value);
    if (!text.empty()) text += ", ";
    text += name == "name" ? node.attributes.text(name) : one.to_string();
  }
  return text;
}

std::string types_text(const Node& node) {
  std::string text;
  for (const ValueType& type : node.outputs) text += (text.empty() ? "" : ", ") + type.to_string();
  return text;
}

std::string node_text(const Node& node) {
  std::string operands;
  for (const ValueId input : node.inputs)
    operands += (operands.empty() ? "" : ", ") + value_name(input);
  const std::string attributes = attribute_text(node);
  if (!operands.empty() && !attributes.empty()) operands += "; ";
  return fmt::format("{}({}{})", node.op->name, operands, attributes);
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

}  // namespace

std::string to_text(const Graph& graph) {
  std::string text;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    text += fmt::format("%{} = {} : {}\n", id, node_text(node), types_text(node));
  }
  for (const auto& [name, value] : graph.assigns())
    text += fmt::format("assign {} = {}\n", name, value_name(value));
  for (const auto& [name, value] : graph.outputs())
    text += fmt::format("output {} = {}\n", name, value_name(value));
  return text;
}

std::string to_dot(const Graph& graph) {
  std::string text = "digraph bascule {\n  node [shape=box];\n";
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    const std::string attributes = attribute_text(node);
    const std::string label =
        fmt::format("{}{}{}", node.op->name, attributes.empty() ? "" : " ", attributes);
    text += fmt::format("  n{} [label={}{}];\n", id, quoted(label),
                        node.inputs.empty() ? ", shape=ellipse" : "");
    for (const ValueId input : node.inputs)
      text += fmt::format("  n{} -> n{} [label={}];\n", input.node, id,
                          quoted(graph.type(input).to_string()));
  }
  std::size_t ends = 0;
  const auto end = [&](std::string_view kind, const std::string& name, ValueId value) {
    text += fmt::format("  end{} [label={}, shape=plaintext];\n  n{} -> end{};\n", ends,
                        quoted(fmt::format("{} {}", kind, name)), value.node, ends);
    ++ends;
  };
  for (const auto& [name, value] : graph.assigns()) end("assign", name, value);
  for (const auto& [name, value] : graph.outputs()) end("output", name, value);
  return text + "}\n";
}

}  // namespace bascule
