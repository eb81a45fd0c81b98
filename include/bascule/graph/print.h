#pragma once
#include <string>

#include <bascule/graph/graph.h>

namespace bascule {

/// One line per node: "%3 = relu(%2) : f32[128, 100]"; then assigns and outputs.
std::string to_text(const Graph& graph);
/// The graph in Graphviz's language.
std::string to_dot(const Graph& graph);

}  // namespace bascule
