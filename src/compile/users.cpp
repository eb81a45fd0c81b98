#include "compile/users.h"

#include <bascule/graph/op.h>

namespace bascule::detail {

Users::Users(const Graph& graph) {
  std::size_t values = 0;
  for (NodeId id = 0; id < graph.size(); ++id) {
    first_.push_back(values);
    values += graph.node(id).outputs.size();
  }
  uses_.resize(values);
  leaves_.resize(values, false);
  for (NodeId id = 0; id < graph.size(); ++id) {
    const std::vector<ValueId>& inputs = graph.node(id).inputs;
    for (std::size_t i = 0; i < inputs.size(); ++i) uses_[index(inputs[i])].push_back({id, i});
  }
  for (const auto& [name, value] : graph.outputs()) leaves_[index(value)] = true;
  for (const auto& [name, value] : graph.assigns()) leaves_[index(value)] = true;
}

bool is_source(const Node& node) {
  return node.op->name == "input" || node.op->name == "variable" || node.op->name == "constant";
}

bool is_launched(const Node& node) {
  return !is_source(node) && !node.op->view;
}

ValueId root_of(const Graph& graph, ValueId value) {
  while (graph.node(value.node).op->view) value = graph.node(value.node).inputs[0];
  return value;
}

const std::string* variable_name(const Graph& graph, ValueId value) {
  const Node& node = graph.node(value.node);
  return node.op->name == "variable" ? &node.attributes.text("name") : nullptr;
}

}  // namespace bascule::detail
