#include <fmt/format.h>

#include <bascule/graph/ops.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

class Dense final : public Layer {
 public:
  Dense(std::int64_t units, std::string activation, DenseOptions options)
      : units_(units), activation_(std::move(activation)), options_(std::move(options)) {}

  [[nodiscard]] std::string_view type() const override { return "dense"; }
  [[nodiscard]] std::string details() const override {
    return activation_ == "linear" ? "" : activation_;
  }

  Value build(BuildContext& context, const Value& x) const override {
    const Value rows = flatten_samples(x);
    const Fans fans{rows.shape()[1], units_};
    auto shape = Shape::make({fans.in, fans.out});
    if (units_ < 1 || !shape.ok()) throw GraphError("dense", fmt::format("{} units", units_));
    const Value weight = context.parameter(
        "weight", *shape, require_initializer("dense", options_.kernel_init), fans);
    Value y = matmul(rows, weight);
    if (options_.bias)
      y = y + context.parameter("bias", {units_}, require_initializer("dense", options_.bias_init),
                                fans);
    return context.activate(activation_, y);
  }

 private:
  std::int64_t units_;
  std::string activation_;
  DenseOptions options_;
};

}  // namespace

LayerPtr dense(std::int64_t units, std::string activation, DenseOptions options) {
  return std::make_shared<Dense>(units, std::move(activation), std::move(options));
}

LayerType dense_type() {
  constexpr double kMostUnits = 1e8;
  return {"dense",
          "act(x W + b)",
          {keys::integer("units", "", 1, kMostUnits, "outputs"), activation_key("linear"),
           keys::flag("bias", true, "adds a bias"),
           initializer_key("kernel_init", "glorot_uniform", "first values of the weights"),
           initializer_key("bias_init", "zeros", "first values of the bias")},
          [](const LayerArguments& a) {
            return dense(a.integer("units"), a.text("activation"),
                         {a.flag("bias"), a.text("kernel_init"), a.text("bias_init")});
          }};
}

}  // namespace bascule::nn
