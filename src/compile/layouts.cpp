#include "compile/layouts.h"

#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>

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

Layout Layouts::wanted(const Node& node, std::size_t operand) {
  const Layout of_weight = multiplies_bf16(node) ? Layout::kHalves : Layout::kPanels;
  const std::string_view op = node.op->name;
  if (op == "linear" || op == "linear_input_grad")
    return operand == 1 ? of_weight : Layout::kRowMajor;
  if (op != "linear_update") return Layout::kRowMajor;
  const auto [first, count] = updated_operands(node);
  if (operand < first || operand >= first + count) return Layout::kRowMajor;
  return operand == first ? of_weight : Layout::kPanels;
}

bool Layouts::lies_in(ValueId value, Layout layout) const {
  const std::string* name = variable_name(plan_.graph, value);
  return name != nullptr && plan_.layouts.at(*name) == layout && !plan_.loads.contains(*name);
}

/// The weight and its states only together.
bool Layouts::updates_panels(NodeId id) const {
  if (!closed_.contains(id)) return false;
  const Node& node = plan_.graph.node(id);
  const auto [first, count] = updated_operands(node);
  for (std::size_t i = first; i < first + count; ++i) {
    if (!lies_in(node.inputs[i], wanted(node, i))) return false;
  }
  return true;
}

Layout Layouts::input(NodeId id, std::size_t operand) const {
  const Node& node = plan_.graph.node(id);
  const Layout layout = wanted(node, operand);
  if (layout == Layout::kRowMajor) return layout;
  const bool taken =
      node.op->name == "linear_update" ? updates_panels(id) : lies_in(node.inputs[operand], layout);
  return taken ? layout : Layout::kRowMajor;
}

Layout Layouts::output(ValueId value) const {
  const Node& node = plan_.graph.node(value.node);
  if (node.op->name != "linear_update" || !updates_panels(value.node)) return Layout::kRowMajor;
  return wanted(node, updated_operands(node).first_input + static_cast<std::size_t>(value.output));
}

}  // namespace bascule::detail
