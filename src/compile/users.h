#pragma once
// Who reads which value of a graph.
#include <span>
#include <vector>

#include <bascule/graph/graph.h>

namespace bascule::detail {

struct Use {
  NodeId node = -1;
  std::size_t operand = 0;
};

class Users {
 public:
  explicit Users(const Graph& graph);

  [[nodiscard]] std::span<const Use> of(ValueId value) const { return uses_[index(value)]; }
  /// It is an output of the graph or assigned to a variable.
  [[nodiscard]] bool leaves(ValueId value) const { return leaves_[index(value)]; }
  /// Read exactly once, by a node.
  [[nodiscard]] bool single(ValueId value) const { return !leaves(value) && of(value).size() == 1; }

 private:
  [[nodiscard]] std::size_t index(ValueId value) const {
    return first_[static_cast<std::size_t>(value.node)] + static_cast<std::size_t>(value.output);
  }

  std::vector<std::size_t> first_;  // by node, of its first output in the vectors below
  std::vector<std::vector<Use>> uses_;
  std::vector<bool> leaves_;
};

/// Sources are there before a step begins: inputs, variables, constants.
bool is_source(const Node& node);
/// A kernel computes it: neither a source nor a view.
bool is_launched(const Node& node);
/// The value whose memory this one shares: itself, or what it is a view of.
ValueId root_of(const Graph& graph, ValueId value);
/// The name of the variable whose value this is, null for other values.
const std::string* variable_name(const Graph& graph, ValueId value);

}  // namespace bascule::detail
