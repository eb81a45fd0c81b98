#pragma once
// A model as a chain of layers. It is a description: what it is trained to lives in a Network.
#include <initializer_list>
#include <string>
#include <vector>

#include <bascule/nn/layers.h>

namespace bascule::nn {

/// One line of the layer table.
struct LayerRow {
  std::string name;     ///< "dense_1"
  std::string type;     ///< "dense"
  std::string details;  ///< "relu"
  Shape output;         ///< of one sample
  std::int64_t parameters = 0;
  std::int64_t buffers = 0;  ///< elements that are not trained
  double flops = 0;          ///< of one prediction, per sample
  double bytes = 0;          ///< read and written by it at batch size 1, before any fusion
};

class Sequential {
 public:
  Sequential() = default;
  Sequential(std::initializer_list<LayerPtr> layers) : layers_(layers) {}
  explicit Sequential(std::vector<LayerPtr> layers) : layers_(std::move(layers)) {}

  void add(LayerPtr layer) { layers_.push_back(std::move(layer)); }
  [[nodiscard]] const std::vector<LayerPtr>& layers() const { return layers_; }

  /// Appends all layers. GraphError, prefixed by the layer, when something does not fit.
  Value build(BuildContext& context, Value x) const;
  /// kUsage when the layers do not fit one another or the sample.
  [[nodiscard]] Result<std::vector<LayerRow>> table(const Shape& sample) const;

 private:
  std::vector<LayerPtr> layers_;
};

}  // namespace bascule::nn
