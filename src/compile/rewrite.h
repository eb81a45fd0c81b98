#pragma once
// Changed copies of graphs.
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <bascule/graph/graph.h>
#include <bascule/graph/target.h>

namespace bascule::detail {

/// From values of one graph to those that stand for them in another.
class ValueMap {
 public:
  explicit ValueMap(const Graph& from);
  void set(ValueId old, const Value& value);
  /// Invalid when there is none yet.
  [[nodiscard]] const Value& get(ValueId old) const;

 private:
  std::vector<std::vector<Value>> values_;  // by node and output
};

/// Appends the source `node` to `to`.
Value copy_source(const Node& node, Graph& to);
/// Gives `to` the outputs and assigns of `from`.
void copy_ends(const Graph& from, const ValueMap& map, Graph& to);

/// Some values of a graph and another way to compute them.
struct Replacement {
  std::vector<ValueId> inputs;   ///< of the old graph
  std::vector<ValueId> outputs;  ///< of the old graph
  /// Appends nodes to the new graph; given what stands for `inputs`, gives what stands for
  /// `outputs`.
  std::function<std::vector<Value>(Graph& graph, std::span<const Value> inputs)> build;
};

/// One node in the place of others, or nothing when the target would not run it.
std::optional<Replacement> replace_by_node(const Graph& graph, const Target& target,
                                           std::string_view op, std::vector<ValueId> inputs,
                                           Attributes attributes, std::vector<ValueId> outputs);

/// A copy with the replacements made, of what then has an effect: the nodes that outputs and
/// assigns depend on, and all inputs and variables, because callers know them by name. Together the
/// replacements must leave the graph free of cycles.
Graph rewrite(const Graph& from, std::span<const Replacement> replacements);

}  // namespace bascule::detail
