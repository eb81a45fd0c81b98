// Products whose factors are rounded to bf16 or fp16, if the caller wants it. What a product adds
// up, the parameters, the optimizer's states and all other nodes stay float32, so that updates too
// small for a bf16 weight are not lost (Micikevicius et al. 2018, "Mixed precision training"); bf16
// has the exponents of float32 and wants no loss scaling (Kalamkar et al. 2019); for fp16 there is
// the pass loss_scale.
#include <bascule/graph/op.h>

#include "compile/passes.h"
#include "compile/rewrite.h"

namespace bascule::detail {

void mixed_precision(Compilation& c) {
  if (c.options.precision == Precision::kFp32) return;
  const Graph& graph = c.plan.graph;
  std::vector<Replacement> found;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    if (!node.op->product) continue;
    Attributes attributes = node.attributes;
    attributes.set(std::string(precision_name(c.options.precision)), std::int64_t{1});
    std::vector<ValueId> outputs;
    for (std::size_t o = 0; o < node.outputs.size(); ++o)
      outputs.push_back({id, static_cast<std::int32_t>(o)});
    if (auto one = replace_by_node(graph, c.target, node.op->name, node.inputs,
                                   std::move(attributes), std::move(outputs)))
      found.push_back(std::move(*one));
  }
  c.plan.graph = rewrite(graph, found);
}

}  // namespace bascule::detail
