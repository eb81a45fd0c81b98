// Softmax and its logarithm along the last axis. With g the gradient of the result y:
//   softmax_grad(g, y)     = y (g − Σ g y)
//   log_softmax_grad(g, y) = g − exp(y) Σ g
#include <array>

#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

using detail::op_case;
using Gradients = std::vector<std::optional<Value>>;
enum class Kind { kSoftmax, kLogSoftmax };

constexpr std::string_view name(Kind kind) {
  return kind == Kind::kSoftmax ? "softmax" : "log_softmax";
}
constexpr std::string_view grad_name(Kind kind) {
  return kind == Kind::kSoftmax ? "softmax_grad" : "log_softmax_grad";
}

ValueType infer_rows(std::string_view op, std::span<const ValueType> inputs, std::size_t count) {
  detail::require_count(op, inputs, count);
  for (const ValueType& type : inputs) {
    detail::require_dense(op, type, DType::kF32);
    detail::require_shape(op, type, inputs[0].shape);
  }
  detail::require(inputs[0].shape.rank() > 0, op, "a scalar has no last axis");
  return inputs[0];
}
template <Kind kKind>
std::vector<ValueType> infer(std::span<const ValueType> inputs, const Attributes&) {
  return {infer_rows(name(kKind), inputs, 1)};
}
template <Kind kKind>
std::vector<ValueType> infer_grad(std::span<const ValueType> inputs, const Attributes&) {
  return {infer_rows(grad_name(kKind), inputs, 2)};
}

Value softmax_grad(Kind kind, const Value& g, const Value& y) {
  return g.graph().add_one(grad_name(kind), std::array{g, y});
}
template <Kind kKind>
Gradients gradient(const GradientContext& c) {
  return {softmax_grad(kKind, c.gradients[0], c.outputs[0])};
}
Gradients softmax_grad_gradient(const GradientContext& c) {
  const Value &g = c.inputs[0], &y = c.inputs[1], &u = c.gradients[0];
  return {softmax_grad(Kind::kSoftmax, u, y),
          u * (g - sum(g * y, {-1}, true)) - g * sum(u * y, {-1}, true)};
}
Gradients log_softmax_grad_gradient(const GradientContext& c) {
  const Value &g = c.inputs[0], &u = c.gradients[0];
  const Value weighted = u * exp(c.inputs[1]);
  return {u - sum(weighted, {-1}, true), negate(weighted * sum(g, {-1}, true))};
}

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {{5},        {1, 1},    {6, 17}, {128, 10}, {3, 1000},
                                         {2, 3, 17}, {2, 4, 1}, {0, 4},  {3, 0}};
  return all;
}
std::vector<OpCase> cases() {
  std::vector<OpCase> all;
  for (const Shape& shape : shapes()) all.push_back(op_case({f32(shape)}, {}, {{-4, 4}}));
  all.push_back(op_case({f32({4, 20})}, {}, {{-500, 500}}));
  all.back().name += " large";
  return all;
}
template <Kind kKind>
std::vector<OpCase> grad_cases() {
  const InputRange y = kKind == Kind::kSoftmax ? InputRange{0, 1} : InputRange{-4, 0};
  std::vector<OpCase> all;
  for (const Shape& shape : shapes()) all.push_back(op_case({f32(shape), f32(shape)}, {}, {{}, y}));
  return all;
}

template <Kind kKind>
std::array<OpInfo, 2> declare(decltype(OpInfo::gradient) second) {
  OpInfo forward;
  forward.name = name(kKind);
  forward.infer = infer<kKind>;
  forward.gradient = gradient<kKind>;
  forward.flops = detail::per_input_element<13>;  // greatest, exp, sum, division
  forward.cases = cases;
  forward.in_place = {0};
  OpInfo backward;
  backward.name = grad_name(kKind);
  backward.infer = infer_grad<kKind>;
  backward.gradient = second;
  backward.flops = detail::per_input_element<(kKind == Kind::kSoftmax ? 4 : 13)>;
  backward.cases = grad_cases<kKind>;
  backward.in_place = {0};
  return {forward, backward};
}

}  // namespace

std::span<const OpInfo> softmax_ops() {
  static const std::array ops = [] {
    const auto plain = declare<Kind::kSoftmax>(softmax_grad_gradient);
    const auto log = declare<Kind::kLogSoftmax>(log_softmax_grad_gradient);
    return std::array{plain[0], plain[1], log[0], log[1]};
  }();
  return ops;
}

Value softmax(const Value& a) {
  return a.graph().add_one("softmax", std::array{a});
}

Value log_softmax(const Value& a) {
  return a.graph().add_one("log_softmax", std::array{a});
}

}  // namespace bascule
