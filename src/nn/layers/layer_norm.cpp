#include "nn/layers/layer_types.h"
#include "nn/layers/normalise_rows.h"

namespace bascule::nn {
namespace {

class LayerNorm final : public Layer {
 public:
  explicit LayerNorm(double epsilon) : epsilon_(epsilon) {}

  [[nodiscard]] std::string_view type() const override { return "layer_norm"; }

  Value build(BuildContext& context, const Value& x) const override {
    const std::int64_t features = x.shape()[x.shape().rank() - 1];
    const Value weight = context.parameter("weight", {features}, {Initializer::Kind::kConstant, 1});
    const Value bias = context.parameter("bias", {features}, {Initializer::Kind::kConstant, 0});
    return normalise_rows(x, weight, bias, epsilon_);
  }

 private:
  double epsilon_;
};

}  // namespace

LayerPtr layer_norm(double epsilon) {
  return std::make_shared<LayerNorm>(epsilon);
}

LayerType layer_norm_type() {
  return {"layer_norm",
          "normalises each sample over its last axis",
          {keys::number("epsilon", "1e-5", 0, 1, "added to the variance")},
          [](const LayerArguments& a) { return layer_norm(a.number("epsilon")); }};
}

}  // namespace bascule::nn
