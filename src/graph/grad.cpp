#include <fmt/format.h>

#include <bascule/graph/grad.h>
#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>

namespace bascule {
namespace {

/// Which nodes lead from one of `wrt` to something later.
std::vector<bool> reached_from(const Graph& graph, std::span<const Value> wrt, NodeId end) {
  std::vector<bool> reached(static_cast<std::size_t>(end), false);
  for (const Value& w : wrt) {
    if (w.id().node < end) reached[static_cast<std::size_t>(w.id().node)] = true;
  }
  for (NodeId id = 0; id < end; ++id) {
    for (const ValueId input : graph.node(id).inputs) {
      if (reached[static_cast<std::size_t>(input.node)])
        reached[static_cast<std::size_t>(id)] = true;
    }
  }
  return reached;
}

}  // namespace

std::vector<Value> grad(const Value& loss, std::span<const Value> wrt) {
  if (loss.type() != f32({}))
    throw GraphError("grad", fmt::format("the loss is {}, not a scalar", loss.type().to_string()));
  Graph& graph = loss.graph();
  const NodeId end = loss.id().node + 1;
  const std::vector<bool> reached = reached_from(graph, wrt, end);
  std::map<ValueId, Value> gradients;
  const Value seed = graph.constant(1, f32({}));
  gradients[loss.id()] = seed;
  for (NodeId id = end - 1; id >= 0; --id) {
    if (!reached[static_cast<std::size_t>(id)]) continue;
    const Node node = graph.node(id);  // a copy: the rule appends nodes
    std::vector<Value> outputs, arriving;
    bool any = false;
    for (std::size_t o = 0; o < node.outputs.size(); ++o) {
      outputs.push_back({&graph, {id, static_cast<std::int32_t>(o)}});
      const auto at = gradients.find(outputs.back().id());
      arriving.push_back(at == gradients.end() ? Value() : at->second);
      any = any || arriving.back().valid();
    }
    if (!any || node.inputs.empty()) continue;
    if (node.op->gradient == nullptr) throw GraphError(node.op->name, "has no gradient");
    std::vector<Value> inputs;
    for (const ValueId input : node.inputs) inputs.push_back({&graph, input});
    const auto found = node.op->gradient({graph, inputs, outputs, arriving, node.attributes});
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i] || !reached[static_cast<std::size_t>(node.inputs[i].node)]) continue;
      if (found[i]->type() != inputs[i].type())
        throw GraphError(node.op->name,
                         fmt::format("the gradient of argument {} is {}, not {}", i,
                                     found[i]->type().to_string(), inputs[i].type().to_string()));
      Value& sum = gradients[node.inputs[i]];
      sum = sum.valid() ? sum + *found[i] : *found[i];
    }
  }
  std::vector<Value> results;
  for (const Value& w : wrt) {
    const auto at = gradients.find(w.id());
    results.push_back(at == gradients.end() ? graph.constant(0, w.type()) : at->second);
  }
  Backward backward{seed.id(), {}, graph.size()};
  for (const Value& result : results) backward.gradients.push_back(result.id());
  graph.add_backward(std::move(backward));
  return results;
}

}  // namespace bascule
