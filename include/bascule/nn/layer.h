#pragma once
// What a layer is: something that appends its nodes to a graph. Own layers derive from Layer.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/graph/graph.h>
#include <bascule/nn/initializer.h>

namespace bascule::nn {

/// A parameter or buffer of a model, as its layer declared it.
struct ModelVariable {
  std::string name;  ///< "dense_1.weight", "residual_2.dense_1.bias"
  ValueType type;
  VariableRole role = VariableRole::kParameter;
  Initializer initializer;
  Fans fans;
};

/// An activation as it was applied, so that a loss can be built on what went into it.
struct Activated {
  std::string name;  ///< "softmax"; "linear" for none
  Value before, after;
};

class Layer;

/// What a layer is built with. It names variables by the scope of the layer: the n-th dense layer
/// has "dense_n.", within a block the block's name comes first.
class BuildContext {
 public:
  /// `training` decides about dropout and batch norm. `seed` is that of everything random.
  BuildContext(Graph& graph, bool training, std::uint64_t seed)
      : graph_(graph), training_(training), seed_(seed) {}

  [[nodiscard]] Graph& graph() const { return graph_; }
  [[nodiscard]] bool training() const { return training_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  /// A number that belongs to this layer: the stream of its random ops.
  [[nodiscard]] std::uint64_t stream() const { return name_stream(scope_); }
  /// The i64 scalar that counts training steps.
  [[nodiscard]] Value step() const;

  /// A trained variable of the layer; GraphError when it is larger than 2^40 elements.
  Value parameter(std::string_view name, const Shape& shape, const Initializer& initializer,
                  Fans fans = {});
  /// State that belongs to the model but is not trained.
  Value buffer(std::string_view name, const Shape& shape, double value);
  /// What a buffer holds after a training step; nothing when not training.
  void update(const Value& buffer, const Value& value);

  /// Builds a layer in a scope of its own, named by its type.
  Value apply(const Layer& layer, const Value& x);
  /// "relu", "softmax", …: see activation_names(). Remembered as the last one.
  Value activate(const std::string& name, const Value& x);

  /// In the order of their declaration.
  [[nodiscard]] const std::vector<ModelVariable>& variables() const { return variables_; }
  /// How `output` came about: the last activation when it gave that value, else "linear".
  [[nodiscard]] Activated activation_of(const Value& output) const;

 private:
  Value declare(std::string_view name, const Shape& shape, VariableRole role,
                const Initializer& initializer, Fans fans);

  Graph& graph_;
  bool training_;
  std::uint64_t seed_;
  std::string scope_;
  std::map<std::string, int> counts_;  // of layers by scope and type
  int layers_ = 0;
  std::vector<ModelVariable> variables_;
  Activated last_;
};

class Layer {
 public:
  Layer() = default;
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  /// "dense": names the layer and its variables.
  [[nodiscard]] virtual std::string_view type() const = 0;
  /// `x` has the batch as its first axis. GraphError when it does not fit. Called once for each
  /// program that the model is part of; must then declare the same variables.
  virtual Value build(BuildContext& context, const Value& x) const = 0;
  /// What the layer table adds to the type: "relu", "rate 0.5".
  [[nodiscard]] virtual std::string details() const { return {}; }
};

using LayerPtr = std::shared_ptr<const Layer>;

/// "linear", "relu", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid",
/// "softmax", "log_softmax".
std::vector<std::string> activation_names();
/// GraphError when there is none of this name.
Value apply_activation(const std::string& name, const Value& x);

/// The elements of one sample of a batch.
Shape sample_shape(const Value& x);
/// `sample` with the batch in front; GraphError when it overflows.
Shape batch_shape(std::int64_t batch, const Shape& sample);

}  // namespace bascule::nn
