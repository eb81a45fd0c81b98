#pragma once
// The declaration of an op: everything that does not depend on a device. Autodiff, the passes, the
// plan, the conformance suite and the advisor read these entries and no other list of ops.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/graph/graph.h>

namespace bascule {

/// What a gradient rule is given: a node and the gradients of its outputs.
struct GradientContext {
  Graph& graph;
  std::span<const Value> inputs;
  std::span<const Value> outputs;
  /// By output; an invalid value means zero. At least one is valid.
  std::span<const Value> gradients;
  const Attributes& attributes;
};

/// How the input of a conformance case is drawn.
struct InputRange {
  double low = -1, high = 1;  ///< floats: uniform between them; integers: low <= x < high
  /// Keeps floats so far away from zero and from each other's ties that finite differences do not
  /// step over a kink.
  double margin = 0;
};

/// One set of arguments on which an op is compared with the judge and its gradient with finite
/// differences.
struct OpCase {
  std::string name;  ///< unique within the op: "[3, 5] x [5, 7], b transposed"
  std::vector<ValueType> inputs;
  Attributes attributes;
  std::vector<InputRange> ranges;  ///< by input; missing ones are InputRange{}
  /// Greatest difference from the judge, relative to the largest magnitude in the judge's output.
  double tolerance = 1e-5;
  /// The same for finite differences (computed in float64 by the judge).
  double gradient_tolerance = 1e-5;
};

struct OpInfo {
  std::string_view name;
  /// Types of the outputs; throws GraphError (prefixed by the op) when the inputs do not fit.
  std::vector<ValueType> (*infer)(std::span<const ValueType> inputs,
                                  const Attributes& attributes) = nullptr;
  /// Gradients of the inputs, by input; nothing where the input has none (labels). Null: the op
  /// cannot be differentiated.
  std::vector<std::optional<Value>> (*gradient)(const GradientContext& context) = nullptr;
  /// Floating-point operations; null: one per element of the outputs.
  double (*flops)(const Node& node, std::span<const ValueType> inputs) = nullptr;
  /// Memory read and written; null: all inputs and outputs once.
  double (*bytes)(const Node& node, std::span<const ValueType> inputs) = nullptr;
  /// Conformance cases; null for sources (input, variable, constant).
  std::vector<OpCase> (*cases)() = nullptr;

  /// Every output element depends on one element of each (broadcast) input; see element_op.h.
  bool elementwise = false;
  /// Output 0 holds the same elements in the same order as input 0 (reshape): costs nothing.
  bool view = false;
  /// Adds up products of elements of its first two inputs, which the attribute "bf16" has rounded.
  bool product = false;
  /// Draws numbers: a pure function of its attributes, the step and the index of the element.
  bool random = false;
  /// Output o may be written over input in_place[o] if both have the same type; not when that is
  /// −1 or the list ends before o. Inputs that the list names may be missing.
  std::vector<std::int32_t> in_place = {};
};

/// Every op there is, in a fixed order.
std::span<const OpInfo* const> all_ops();
/// The op with this name, or null.
const OpInfo* find_op(std::string_view name);
/// The same for names that are known to exist; asserts it.
const OpInfo& get_op(std::string_view name);

/// By the op's rules; `inputs` are the types of the node's inputs.
double node_flops(const Node& node, std::span<const ValueType> inputs);
double node_bytes(const Node& node, std::span<const ValueType> inputs);
inline double node_flops(const Graph& graph, const Node& node) {
  return node_flops(node, graph.input_types(node));
}
inline double node_bytes(const Graph& graph, const Node& node) {
  return node_bytes(node, graph.input_types(node));
}

}  // namespace bascule
