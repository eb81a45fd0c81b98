#include <set>

#include <fmt/format.h>

#include <bascule/graph/op.h>
#include <bascule/graph/verify.h>

namespace bascule {
namespace {

Error broken(const std::string& what) {
  return {Code::kFailed, "graph: " + what};
}

bool exists(const Graph& graph, ValueId id, NodeId end) {
  return id.node >= 0 && id.node < end && id.output >= 0 &&
         static_cast<std::size_t>(id.output) < graph.node(id.node).outputs.size();
}

Status check_node(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (node.op == nullptr || find_op(node.op->name) != node.op)
    return broken(fmt::format("%{} has no op of the table", id));
  for (const ValueId input : node.inputs) {
    if (!exists(graph, input, id))
      return broken(fmt::format("%{} = {} reads %{}.{}, which is not before it", id, node.op->name,
                                input.node, input.output));
  }
  try {
    const auto types = node.op->infer(graph.input_types(node), node.attributes);
    if (types != node.outputs)
      return broken(fmt::format("%{} = {} has other types than its op infers", id, node.op->name));
  } catch (const GraphError& error) {
    return broken(fmt::format("%{}: {}", id, error.what()));
  }
  return {};
}

using Names = std::map<std::string, ValueId>;

/// The named nodes of an op are those of the list, each under its own name.
Status check_names(const Graph& graph, std::string_view op, const Names& names) {
  for (const auto& [name, value] : names) {
    if (!exists(graph, value, graph.size()) || graph.node(value.node).op->name != op ||
        graph.node(value.node).attributes.text("name") != name)
      return broken(fmt::format("{} {} is not the node that it names", op, name));
  }
  std::set<std::string> seen;
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (graph.node(id).op->name != op) continue;
    const std::string& name = graph.node(id).attributes.text("name");
    if (!seen.insert(name).second) return broken(fmt::format("two {}s of the name {}", op, name));
    if (!names.contains(name)) return broken(fmt::format("{} {} is not listed", op, name));
  }
  return {};
}

Status check_ends(const Graph& graph) {
  for (const auto& [name, value] : graph.outputs()) {
    if (!exists(graph, value, graph.size()))
      return broken(fmt::format("output {} is no value", name));
  }
  for (const auto& [name, value] : graph.assigns()) {
    const auto variable = graph.variables().find(name);
    if (variable == graph.variables().end())
      return broken(fmt::format("{} is assigned but no variable", name));
    if (!exists(graph, value, graph.size()))
      return broken(fmt::format("what {} is assigned is no value", name));
    if (graph.type(value) != graph.type(variable->second))
      return broken(fmt::format("{} is {}, but assigned {}", name,
                                graph.type(variable->second).to_string(),
                                graph.type(value).to_string()));
  }
  return {};
}

}  // namespace

Status verify(const Graph& graph) {
  for (NodeId id = 0; id < graph.size(); ++id) BASCULE_TRY(check_node(graph, id));
  BASCULE_TRY(check_names(graph, "input", graph.inputs()));
  BASCULE_TRY(check_names(graph, "variable", graph.variables()));
  return check_ends(graph);
}

}  // namespace bascule
