// Layers that only change the shape of a sample.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/graph/ops.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

class Flatten final : public Layer {
 public:
  [[nodiscard]] std::string_view type() const override { return "flatten"; }
  Value build(BuildContext&, const Value& x) const override { return flatten_samples(x); }
};

class Reshape final : public Layer {
 public:
  explicit Reshape(std::vector<std::int64_t> shape) : shape_(std::move(shape)) {}

  [[nodiscard]] std::string_view type() const override { return "reshape"; }
  Value build(BuildContext&, const Value& x) const override {
    return bascule::reshape(x, batch_shape(x.shape()[0], resolve(sample_shape(x))));
  }

 private:
  /// The extent −1 takes what the others leave.
  [[nodiscard]] Shape resolve(const Shape& from) const {
    std::vector<std::int64_t> extents = shape_;
    std::int64_t known = 1, *open = nullptr;
    for (std::int64_t& extent : extents) {
      const bool second = extent == -1 && open != nullptr;
      if (extent == -1 && !second) {
        open = &extent;
      } else if (second || extent < 1 || __builtin_mul_overflow(known, extent, &known)) {
        throw GraphError("reshape", fmt::format("[{}] is no shape", fmt::join(shape_, ", ")));
      }
    }
    if (open != nullptr) *open = from.count() / known;
    auto shape = Shape::make(std::move(extents));
    if (!shape.ok() || shape->count() != from.count())
      throw GraphError("reshape", fmt::format("[{}] does not hold a sample of {}",
                                              fmt::join(shape_, ", "), from.to_string()));
    return std::move(shape).value();
  }

  std::vector<std::int64_t> shape_;
};

}  // namespace

Value flatten_samples(const Value& x) {
  if (x.shape().rank() == 2) return x;
  return bascule::reshape(x, batch_shape(x.shape()[0], {sample_shape(x).count()}));
}

LayerPtr flatten() {
  return std::make_shared<Flatten>();
}

LayerPtr reshape(std::vector<std::int64_t> shape) {
  return std::make_shared<Reshape>(std::move(shape));
}

LayerType flatten_type() {
  return {"flatten", "all axes of a sample as one", {}, [](const LayerArguments&) {
            return flatten();
          }};
}

LayerType reshape_type() {
  return {"reshape",
          "another shape of a sample",
          {keys::integers("shape", "", -1, 1e12, "of one sample; one extent may be -1")},
          [](const LayerArguments& a) { return reshape(a.integers("shape")); }};
}

}  // namespace bascule::nn
