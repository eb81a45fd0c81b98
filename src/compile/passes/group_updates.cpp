// Updates by one optimizer that share its rate → multi_update, one launch for all of them: of
// weights that take less time than their launch, biases above all; and of all weights where a gate
// waits for every gradient, so that none is kept longer than it would be. What a step reads after
// an update stays as it is.
#include <algorithm>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>

#include "compile/passes.h"
#include "compile/rewrite.h"
#include "compile/updates.h"
#include "compile/users.h"
#include "graph/ops/optimizers.h"

namespace bascule::detail {
namespace {

constexpr std::int64_t kSmall = 1 << 16;  ///< elements

struct Group {
  const OpInfo* op;
  Attributes attributes;
  std::vector<ValueId> shared;  ///< lr, step, gate
  std::vector<NodeId> updates;

  [[nodiscard]] bool suits(const Node& node, const std::vector<ValueId>& other) const {
    return node.op == op && node.attributes == attributes && other == shared &&
           updates.size() < kMostMultiUpdates;
  }
};

bool fits(const Users& users, NodeId id, const Node& node) {
  if (!is_update(node) || node.attributes.has("lazy")) return false;
  if (node.outputs[0].shape.count() > kSmall && !is_gated(node.attributes)) return false;
  for (std::size_t o = 0; o < node.outputs.size(); ++o) {
    if (!users.of({id, static_cast<std::int32_t>(o)}).empty()) return false;
  }
  return true;
}

std::optional<Replacement> joined(const Graph& graph, const Target& target, const Group& group) {
  std::vector<ValueId> inputs, gradients, outputs;
  for (const NodeId id : group.updates) {
    const Node& node = graph.node(id);
    const auto values = static_cast<std::ptrdiff_t>(node.outputs.size());
    inputs.insert(inputs.end(), node.inputs.begin(), node.inputs.begin() + values);
    gradients.push_back(node.inputs[node.outputs.size()]);
    for (std::size_t o = 0; o < node.outputs.size(); ++o)
      outputs.push_back({id, static_cast<std::int32_t>(o)});
  }
  inputs.insert(inputs.end(), gradients.begin(), gradients.end());
  inputs.insert(inputs.end(), group.shared.begin(), group.shared.end());
  Attributes attributes = group.attributes;
  attributes.set("optimizer", std::string(group.op->name));
  return replace_by_node(graph, target, "multi_update", std::move(inputs), std::move(attributes),
                         std::move(outputs));
}

}  // namespace

Graph group_updates(const Graph& graph, const Target& target) {
  const Users users(graph);
  std::vector<Group> groups;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (!fits(users, id, node)) continue;
    const auto shared_from = static_cast<std::ptrdiff_t>(node.outputs.size()) + 1;
    const std::vector<ValueId> shared(node.inputs.begin() + shared_from, node.inputs.end());
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& one) { return one.suits(node, shared); });
    if (group == groups.end())
      group = groups.insert(groups.end(), {node.op, node.attributes, shared, {}});
    group->updates.push_back(id);
  }
  std::vector<Replacement> found;
  for (const Group& group : groups) {
    if (group.updates.size() < 2) continue;
    if (auto one = joined(graph, target, group)) found.push_back(std::move(*one));
  }
  return rewrite(graph, found);
}

}  // namespace bascule::detail
