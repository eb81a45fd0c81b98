#pragma once
// Which kernels may write the new value of a variable over the old one. The graph says that every
// read of a variable sees its value from before the step; this is the proof that it still does.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <bascule/graph/graph.h>

namespace bascule::detail {

struct Updates {
  /// variable → the value that its kernel writes into the variable's memory.
  std::map<std::string, ValueId> in_place;
  /// (reader, writer): the order that this needs beside that of the graph.
  std::vector<std::pair<NodeId, NodeId>> before;

  [[nodiscard]] bool covers(const std::string& variable) const {
    return in_place.contains(variable);
  }
};

/// Of the variables in `copied` a step reads a copy only, made before its first kernel; those in
/// `excluded` are not to be written by kernels.
Updates choose_updates(const Graph& graph, const std::set<std::string>& copied = {},
                       const std::set<std::string>& excluded = {});

/// Update ops by their inputs: (w, states …, gradient, …) → (w, states …).
bool is_update(const Node& node);
/// How many of the outputs and which first input are the weight and its states, for update ops and
/// linear_update; none for others.
struct UpdatedOperands {
  std::size_t first_input = 0, count = 0;
};
UpdatedOperands updated_operands(const Node& node);

}  // namespace bascule::detail
