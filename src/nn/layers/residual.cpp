#include <bascule/graph/ops.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

class Residual final : public Layer {
 public:
  Residual(std::vector<LayerPtr> layers, std::string activation)
      : layers_(std::move(layers)), activation_(std::move(activation)) {}

  [[nodiscard]] std::string_view type() const override { return "residual"; }
  [[nodiscard]] std::string details() const override {
    std::string text;
    for (const LayerPtr& layer : layers_)
      text += (text.empty() ? "" : ", ") + std::string(layer->type());
    return text;
  }

  Value build(BuildContext& context, const Value& x) const override {
    Value y = x;
    for (const LayerPtr& layer : layers_) y = context.apply(*layer, y);
    const Value shortcut = x.shape() == y.shape() ? x : project(context, x, y);
    return context.activate(activation_, shortcut + y);
  }

 private:
  static Value project(BuildContext& context, const Value& x, const Value& y) {
    const Value rows = flatten_samples(x);
    const Fans fans{rows.shape()[1], sample_shape(y).count()};
    auto shape = Shape::make({fans.in, fans.out});
    if (!shape.ok()) throw GraphError("residual", shape.error().message);
    const Value weight =
        context.parameter("projection", *shape, {Initializer::Kind::kGlorotUniform, 0}, fans);
    return bascule::reshape(matmul(rows, weight), y.shape());
  }

  std::vector<LayerPtr> layers_;
  std::string activation_;
};

}  // namespace

LayerPtr residual(std::vector<LayerPtr> layers, std::string activation) {
  return std::make_shared<Residual>(std::move(layers), std::move(activation));
}

LayerType residual_type() {
  return {"residual",
          "adds its input to what its `layers` make of it",
          {activation_key("linear")},
          [](const LayerArguments& a) { return residual(a.layers, a.text("activation")); },
          Nesting::kLayers};
}

}  // namespace bascule::nn
