#include "compile/layouts.h"

#include <bascule/graph/op.h>

#include "compile/updates.h"
#include "compile/users.h"

namespace bascule::detail {
namespace {

bool is_closed(const Graph& graph, const Users& users, NodeId id) {
  const Node& node = graph.node(id);
  const std::size_t first = updated_operands(node).first_input;
  for (std::size_t o = 0; o < node.outputs.size(); ++o) {
    const ValueId value{id, static_cast<std::int32_t>(o)};
    const std::string* name = variable_name(graph, node.inputs[first + o]);
    if (name == nullptr || !users.of(value).empty()) return false;
    const auto assigned = graph.assigns().find(*name);
    if (assigned == graph.assigns().end() || assigned->second != value) return false;
  }
  for (const auto* ends : {&graph.outputs(), &graph.assigns()}) {
    for (const auto& [name, value] : *ends) {
      if (value.node != id) continue;
      const ValueId weight = node.inputs[first + static_cast<std::size_t>(value.output)];
      if (ends == &graph.outputs() || name != *variable_name(graph, weight)) return false;
    }
  }
  return true;
}

}  // namespace

Layouts::Layouts(const Plan& plan) : plan_(plan) {
  const Users users(plan.graph);
  for (NodeId id = 0; id < plan.graph.size(); ++id) {
    if (plan.graph.node(id).op->name == "linear_update" && is_closed(plan.graph, users, id))
      closed_.insert(id);
  }
}

bool Layouts::in_panels(ValueId value) const {
  const std::string* name = variable_name(plan_.graph, value);
  return name != nullptr && plan_.layouts.at(*name) == Layout::kPanels &&
         !plan_.loads.contains(*name);
}

/// The weight and its states only together.
bool Layouts::updates_panels(NodeId id) const {
  if (!closed_.contains(id)) return false;
  const Node& node = plan_.graph.node(id);
  const auto [first, count] = updated_operands(node);
  for (std::size_t i = first; i < first + count; ++i) {
    if (!in_panels(node.inputs[i])) return false;
  }
  return true;
}

Layout Layouts::input(NodeId id, std::size_t operand) const {
  const Node& node = plan_.graph.node(id);
  bool panels = false;
  if (node.op->name == "linear_update") {
    const auto [first, count] = updated_operands(node);
    panels = operand >= first && operand < first + count && updates_panels(id);
  } else if ((node.op->name == "linear" || node.op->name == "linear_input_grad") && operand == 1) {
    panels = in_panels(node.inputs[1]);
  }
  return panels ? Layout::kPanels : Layout::kRowMajor;
}

Layout Layouts::output(NodeId id) const {
  return updates_panels(id) ? Layout::kPanels : Layout::kRowMajor;
}

}  // namespace bascule::detail
