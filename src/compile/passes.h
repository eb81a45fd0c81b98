#pragma once
// The passes and what they work on. pipeline.cpp puts them in order.
#include <bascule/compile/compile.h>

namespace bascule::detail {

struct Compilation {
  Plan plan;  ///< grows from a graph to a whole plan
  const Target& target;
  const CompileOptions& options;
};

// Graph to graph.
Graph simplify(const Graph& graph, const Target& target);
Graph fuse_loss(const Graph& graph, const Target& target);
Graph fuse_linear(const Graph& graph, const Target& target);
Graph fuse_update(const Graph& graph, const Target& target);
Graph group_updates(const Graph& graph, const Target& target);
Graph fuse_map(const Graph& graph, const Target& target);

// Graph to graph, by the options too.
void mixed_precision(Compilation& c);
/// kUsage for a graph with more than one loss.
Status loss_scale(Compilation& c);

// Graph to plan.
void choose_layouts(Compilation& c);
void schedule(Compilation& c);
void plan_memory(Compilation& c);

}  // namespace bascule::detail
