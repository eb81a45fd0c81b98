#include <fmt/format.h>

#include <bascule/graph/ops.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

class BatchNorm final : public Layer {
 public:
  explicit BatchNorm(BatchNormOptions options) : options_(options) {}

  [[nodiscard]] std::string_view type() const override { return "batch_norm"; }

  Value build(BuildContext& context, const Value& x) const override {
    const std::size_t rank = x.shape().rank();
    if (rank < 2)
      throw GraphError("batch_norm", fmt::format("{} has no axis 1", x.shape().to_string()));
    const std::int64_t features = x.shape()[1];
    std::vector<std::int64_t> ones(rank, 1), axes = {0};
    ones[1] = features;
    for (std::size_t axis = 2; axis < rank; ++axis) axes.push_back(static_cast<std::int64_t>(axis));
    const Shape wide = Shape::make(std::move(ones)).value();
    const auto widened = [&](const Value& v) { return bascule::reshape(v, wide); };

    const Value weight = context.parameter("weight", {features}, {Initializer::Kind::kConstant, 1});
    const Value bias = context.parameter("bias", {features}, {Initializer::Kind::kConstant, 0});
    const Value running_mean = context.buffer("running_mean", {features}, 0);
    const Value running_var = context.buffer("running_var", {features}, 1);
    Value centred, variance;
    if (context.training()) {
      const Value average = mean(x, axes, true);
      centred = x - average;
      variance = mean(square(centred), axes, true);
      const auto count = static_cast<double>(x.shape().count()) / static_cast<double>(features);
      const double unbiased = count > 1 ? count / (count - 1) : 1;
      const auto blend = [&](const Value& running, const Value& now, double factor) {
        context.update(running,
                       scale(running, 1 - options_.momentum) +
                           scale(bascule::reshape(now, {features}), options_.momentum * factor));
      };
      blend(running_mean, average, 1);
      blend(running_var, variance, unbiased);
    } else {
      centred = x - widened(running_mean);
      variance = widened(running_var);
    }
    return centred * rsqrt(offset(variance, options_.epsilon)) * widened(weight) + widened(bias);
  }

 private:
  BatchNormOptions options_;
};

}  // namespace

LayerPtr batch_norm(BatchNormOptions options) {
  return std::make_shared<BatchNorm>(options);
}

LayerType batch_norm_type() {
  return {"batch_norm",
          "normalises each feature over the batch",
          {keys::number("momentum", "0.1", 0, 1, "weight of the batch in the running values"),
           keys::number("epsilon", "1e-5", 0, 1, "added to the variance")},
          [](const LayerArguments& a) {
            return batch_norm({a.number("momentum"), a.number("epsilon")});
          }};
}

}  // namespace bascule::nn
