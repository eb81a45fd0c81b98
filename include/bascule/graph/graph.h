#pragma once
// A computation as a graph of immutable, typed values. Nodes are appended and never changed, so
// their order is a topological one.
//
// Variables are the state that outlives a step: parameters, optimizer state, counters. Within one
// step every read of a variable sees its value from before the step; assign() says what the value
// is after it. Training is therefore part of the graph.
#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/graph/attributes.h>
#include <bascule/graph/types.h>

namespace bascule {

/// A type as an attribute, for nodes without inputs to infer it from.
std::vector<std::int64_t> encode_type(const ValueType& type);
ValueType decode_type(const std::vector<std::int64_t>& code);

struct OpInfo;
class Graph;

using NodeId = std::int32_t;

/// One output of a node.
struct ValueId {
  NodeId node = -1;
  std::int32_t output = 0;
  bool operator==(const ValueId&) const = default;
  bool operator<(const ValueId& other) const {
    return node != other.node ? node < other.node : output < other.output;
  }
};

struct Node {
  const OpInfo* op = nullptr;
  std::vector<ValueId> inputs;
  Attributes attributes;
  std::vector<ValueType> outputs;
};

/// A value while a graph is built: cheap to copy, valid as long as its graph.
class Value {
 public:
  Value() = default;
  Value(Graph* graph, ValueId id) : graph_(graph), id_(id) {}

  [[nodiscard]] bool valid() const { return graph_ != nullptr; }
  [[nodiscard]] Graph& graph() const { return *graph_; }
  [[nodiscard]] ValueId id() const { return id_; }
  [[nodiscard]] const ValueType& type() const;
  [[nodiscard]] const Shape& shape() const { return type().shape; }
  [[nodiscard]] DType dtype() const { return type().dtype; }
  bool operator==(const Value&) const = default;

 private:
  Graph* graph_ = nullptr;
  ValueId id_;
};

/// What a variable is for; decides what is saved where.
enum class VariableRole : std::uint8_t {
  kParameter,  ///< trained; the model
  kBuffer,     ///< not trained, part of the model: running means
  kState,      ///< of the optimizer; in checkpoints only
  kControl     ///< learning rate, step; set from outside or counted, in checkpoints only
};

/// What one call of grad() appended: from the constant that stands for the gradient of the loss by
/// itself to those that were asked for.
struct Backward {
  ValueId seed;
  std::vector<ValueId> gradients;
  NodeId end = 0;  ///< the node after the last one
};

class Graph {
 public:
  Graph() = default;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;

  /// Fed before each step. Names of inputs, of variables and of outputs are unique each.
  Value input(const std::string& name, const ValueType& type);
  /// The variable of this name; the same node whenever it is asked for. GraphError when it is asked
  /// for with another type.
  Value variable(const std::string& name, const ValueType& type,
                 VariableRole role = VariableRole::kParameter);
  /// Every element is `value`.
  Value constant(double value, const ValueType& type);
  /// Appends a node after checking it; returns its outputs. GraphError when the op refuses.
  std::vector<Value> add(const OpInfo& op, std::span<const Value> inputs, Attributes attributes);
  /// The same for ops with one output.
  Value add_one(std::string_view op, std::span<const Value> inputs, Attributes attributes = {});
  /// What `variable` holds after the step. At most once for each variable.
  void assign(const Value& variable, const Value& value);
  /// Makes a value readable after the step under a name.
  void output(const std::string& name, const Value& value);

  [[nodiscard]] NodeId size() const { return static_cast<NodeId>(nodes_.size()); }
  [[nodiscard]] const Node& node(NodeId id) const { return nodes_[static_cast<std::size_t>(id)]; }
  [[nodiscard]] const ValueType& type(ValueId id) const {
    return node(id.node).outputs[static_cast<std::size_t>(id.output)];
  }
  [[nodiscard]] std::vector<ValueType> input_types(const Node& node) const;

  [[nodiscard]] const std::map<std::string, ValueId>& inputs() const { return inputs_; }
  [[nodiscard]] const std::map<std::string, ValueId>& variables() const { return variables_; }
  [[nodiscard]] const std::map<std::string, ValueId>& outputs() const { return outputs_; }
  /// variable name → the value assigned to it.
  [[nodiscard]] const std::map<std::string, ValueId>& assigns() const { return assigns_; }
  [[nodiscard]] static VariableRole role(const Node& variable);

  void add_backward(Backward backward) { backwards_.push_back(std::move(backward)); }
  /// Of a graph as it was built; those that passes make know no more of it.
  [[nodiscard]] const std::vector<Backward>& backwards() const { return backwards_; }

 private:
  std::vector<Node> nodes_;
  std::map<std::string, ValueId> inputs_, variables_, outputs_, assigns_;
  std::vector<Backward> backwards_;
};

}  // namespace bascule
