#include <fmt/format.h>

#include <bascule/nn/layer.h>

namespace bascule::nn {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 40;
/// Repeated blocks within repeated blocks multiply; a spec must not be able to ask for any number.
constexpr int kMostLayers = 10000;

/// Puts a scope in place and the old one back, also when a layer throws.
class Scope {
 public:
  Scope(std::string& scope, std::string inner) : scope_(scope), outer_(std::move(scope)) {
    scope_ = std::move(inner);
  }
  ~Scope() { scope_ = std::move(outer_); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  std::string& scope_;
  std::string outer_;
};

}  // namespace

Value BuildContext::step() const {
  return graph_.variable("step", {DType::kI64, {}}, VariableRole::kControl);
}

Value BuildContext::declare(std::string_view name, const Shape& shape, VariableRole role,
                            const Initializer& initializer, Fans fans) {
  const std::string full = fmt::format("{}{}", scope_, name);
  if (shape.count() > kMostElements)
    throw GraphError("variable", fmt::format("{} of {} is too large", full, shape.to_string()));
  const Value value = graph_.variable(full, f32(shape), role);
  variables_.push_back({full, f32(shape), role, initializer, fans});
  return value;
}

Value BuildContext::parameter(std::string_view name, const Shape& shape,
                              const Initializer& initializer, Fans fans) {
  return declare(name, shape, VariableRole::kParameter, initializer, fans);
}

Value BuildContext::buffer(std::string_view name, const Shape& shape, double value) {
  return declare(name, shape, VariableRole::kBuffer, {Initializer::Kind::kConstant, value}, {});
}

void BuildContext::update(const Value& buffer, const Value& value) {
  if (training_) graph_.assign(buffer, value);
}

Value BuildContext::apply(const Layer& layer, const Value& x) {
  if (++layers_ > kMostLayers)
    throw GraphError("layer", fmt::format("more than {} layers", kMostLayers));
  const std::string name = fmt::format("{}{}", scope_, layer.type());
  const Scope scope(scope_, fmt::format("{}_{}.", name, ++counts_[name]));
  return layer.build(*this, x);
}

Value BuildContext::activate(const std::string& name, const Value& x) {
  last_ = {name, x, apply_activation(name, x)};
  return last_.after;
}

Activated BuildContext::activation_of(const Value& output) const {
  if (last_.after.valid() && last_.after == output) return last_;
  return {"linear", output, output};
}

Shape sample_shape(const Value& x) {
  const auto& extents = x.shape().extents();
  if (extents.empty()) throw GraphError("layer", "a scalar has no batch");
  return Shape::make({extents.begin() + 1, extents.end()}).value();  // a part of a valid shape
}

Shape batch_shape(std::int64_t batch, const Shape& sample) {
  std::vector<std::int64_t> extents = {batch};
  extents.insert(extents.end(), sample.extents().begin(), sample.extents().end());
  auto shape = Shape::make(std::move(extents));
  if (!shape.ok()) throw GraphError("layer", shape.error().message);
  return std::move(shape).value();
}

}  // namespace bascule::nn
