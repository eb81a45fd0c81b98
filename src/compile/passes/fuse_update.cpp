// An optimizer's update whose gradient is a product that nothing else reads → linear_update, or
// sparse_update where the product is a sparse one, or rows_update where rows are added up by
// indices: the gradient never lies in memory. Made only
// where the weight and its states can be written in place, that is where every other read of them
// can come before.
#include <bascule/graph/op.h>

#include "compile/passes.h"
#include "compile/rewrite.h"
#include "compile/updates.h"
#include "compile/users.h"

namespace bascule::detail {
namespace {

/// The product reads all of its operands for every element that it gives: none may be written over.
bool reads_what_changes(const Graph& graph, const Node& product, const Node& update) {
  for (const ValueId operand : product.inputs) {
    for (std::size_t o = 0; o < update.outputs.size(); ++o) {
      if (root_of(graph, operand) == root_of(graph, update.inputs[o])) return true;
    }
  }
  return false;
}

/// The op that joins this update to this product; none for other nodes.
std::string_view joined_op(const Graph& graph, const Node& product, const Node& update) {
  // A dense product touches all rows.
  if (product.op->name == "linear_weight_grad" && !update.attributes.has("lazy"))
    return "linear_update";
  if (product.op->name == "sparse_matmul_transposed") return "sparse_update";
  if (product.op->name == "scatter_add_rows" && graph.type(product.inputs[1]).shape.rank() == 1)
    return "rows_update";
  return {};
}

bool updates_in_place(const Graph& graph, const Updates& updates, NodeId id) {
  const Node& node = graph.node(id);
  for (std::size_t o = 0; o < node.outputs.size(); ++o) {
    const std::string* name = variable_name(graph, node.inputs[o]);
    if (name == nullptr) return false;
    const auto at = updates.in_place.find(*name);
    if (at == updates.in_place.end() || at->second != ValueId{id, static_cast<std::int32_t>(o)})
      return false;
  }
  return true;
}

}  // namespace

Graph fuse_update(const Graph& graph, const Target& target) {
  const Users users(graph);
  const Updates updates = choose_updates(graph);
  std::vector<Replacement> found;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (!is_update(node)) continue;
    const std::size_t gradient_at = node.outputs.size();
    const ValueId gradient = node.inputs[gradient_at];
    const Node& product = graph.node(gradient.node);
    const std::string_view joined = joined_op(graph, product, node);
    if (joined.empty() || !users.single(gradient)) continue;
    if (!updates_in_place(graph, updates, id) || reads_what_changes(graph, product, node)) continue;
    std::vector<ValueId> inputs = product.inputs, outputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (i != gradient_at) inputs.push_back(node.inputs[i]);
    }
    for (std::size_t o = 0; o < node.outputs.size(); ++o)
      outputs.push_back({id, static_cast<std::int32_t>(o)});
    Attributes attributes = node.attributes;
    attributes.set("optimizer", std::string(node.op->name));
    if (auto one = replace_by_node(graph, target, joined, std::move(inputs), std::move(attributes),
                                   std::move(outputs)))
      found.push_back(std::move(*one));
  }
  return rewrite(graph, found);
}

}  // namespace bascule::detail
