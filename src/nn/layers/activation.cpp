#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

class ActivationLayer final : public Layer {
 public:
  explicit ActivationLayer(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] std::string_view type() const override { return "activation"; }
  [[nodiscard]] std::string details() const override { return name_; }
  Value build(BuildContext& context, const Value& x) const override {
    return context.activate(name_, x);
  }

 private:
  std::string name_;
};

}  // namespace

LayerPtr activation(std::string name) {
  return std::make_shared<ActivationLayer>(std::move(name));
}

LayerType activation_type() {
  return {"activation",
          "a function of every element, or softmax along the last axis",
          {activation_key("")},
          [](const LayerArguments& a) { return activation(a.text("activation")); }};
}

}  // namespace bascule::nn
