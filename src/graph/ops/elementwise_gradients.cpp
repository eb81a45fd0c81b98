// Gradient rules of element ops. g is the gradient of the result, y the result, a and b operands.
#include "graph/ops/elementwise_gradients.h"

#include <bascule/graph/ops.h>

#include "graph/op_rules.h"

namespace bascule::detail {
namespace {

using Gradients = std::vector<std::optional<Value>>;

/// Operands that were broadcast get the sum of their gradients.
Value fit(const GradientContext& c, std::size_t input, const Value& gradient) {
  return sum_to(gradient, c.inputs[input].shape());
}

template <auto kRule>
Gradients one(const GradientContext& c) {
  return {kRule(c.gradients[0], c.inputs[0], c.outputs[0], c.attributes)};
}

template <ElementOp kGrad>
Value by_result(const Value& g, const Value&, const Value& y, const Attributes&) {
  return element(kGrad, {g, y});
}
template <ElementOp kGrad>
Value by_operand(const Value& g, const Value& a, const Value&, const Attributes&) {
  return element(kGrad, {g, a});
}

Value negate_rule(const Value& g, const Value&, const Value&, const Attributes&) {
  return negate(g);
}
Value abs_rule(const Value& g, const Value& a, const Value&, const Attributes&) {
  return g * sign(a);
}
Value exp_rule(const Value& g, const Value&, const Value& y, const Attributes&) {
  return g * y;
}
Value log_rule(const Value& g, const Value& a, const Value&, const Attributes&) {
  return g / a;
}
Value sqrt_rule(const Value& g, const Value&, const Value& y, const Attributes&) {
  return scale(g / y, 0.5);
}
Value rsqrt_rule(const Value& g, const Value& a, const Value& y, const Attributes&) {
  return scale(g * (y / a), -0.5);
}
Value reciprocal_rule(const Value& g, const Value&, const Value& y, const Attributes&) {
  return negate(g * square(y));
}
Value square_rule(const Value& g, const Value& a, const Value&, const Attributes&) {
  return scale(g * a, 2);
}
Value softplus_rule(const Value& g, const Value& a, const Value&, const Attributes&) {
  return g * sigmoid(a);
}
Value leaky_relu_rule(const Value& g, const Value& a, const Value&, const Attributes& attributes) {
  return element(ElementOp::kLeakyReluGrad, {g, a}, attributes.number("parameter"));
}
Value elu_rule(const Value& g, const Value&, const Value& y, const Attributes& attributes) {
  return element(ElementOp::kEluGrad, {g, y}, attributes.number("parameter"));
}
Value scale_rule(const Value& g, const Value&, const Value&, const Attributes& attributes) {
  return scale(g, attributes.number("parameter"));
}
Value offset_rule(const Value& g, const Value&, const Value&, const Attributes&) {
  return g;
}
Value power_rule(const Value& g, const Value& a, const Value&, const Attributes& attributes) {
  const double p = attributes.number("parameter");
  return scale(g * power(a, p - 1), p);
}
Value clip_rule(const Value& g, const Value& a, const Value& y, const Attributes&) {
  return g * equal(a, y);
}

Gradients add_rule(const GradientContext& c) {
  return {fit(c, 0, c.gradients[0]), fit(c, 1, c.gradients[0])};
}
Gradients subtract_rule(const GradientContext& c) {
  return {fit(c, 0, c.gradients[0]), fit(c, 1, negate(c.gradients[0]))};
}
Gradients multiply_rule(const GradientContext& c) {
  const Value& g = c.gradients[0];
  return {fit(c, 0, g * c.inputs[1]), fit(c, 1, g * c.inputs[0])};
}
Gradients divide_rule(const GradientContext& c) {
  const Value scaled = c.gradients[0] / c.inputs[1];
  return {fit(c, 0, scaled), fit(c, 1, negate(scaled * c.outputs[0]))};
}
/// The whole gradient goes to the first operand where both are equal.
Gradients extreme_rule(const GradientContext& c) {
  const Value first = equal(c.inputs[0], c.outputs[0]);
  const Value& g = c.gradients[0];
  return {fit(c, 0, g * first), fit(c, 1, g * offset(negate(first), 1))};
}
Gradients select_rule(const GradientContext& c) {
  const Value& g = c.gradients[0];
  const Value zero = c.graph.constant(0, f32({}));
  return {std::nullopt, fit(c, 1, select(c.inputs[0], g, zero)),
          fit(c, 2, select(c.inputs[0], zero, g))};
}

// Of gradients themselves, which are linear in their first operand; for penalties on gradients.
template <ElementOp kGrad>
Gradients linear_in_first(const GradientContext& c, const std::optional<Value>& second) {
  const Value& u = c.gradients[0];
  const Value first = c.attributes.has("parameter")
                          ? element(kGrad, {u, c.inputs[1]}, c.attributes.number("parameter"))
                          : element(kGrad, {u, c.inputs[1]});
  Gradients gradients = {fit(c, 0, first), std::nullopt};
  if (second) gradients[1] = fit(c, 1, *second);
  return gradients;
}
template <ElementOp kGrad>
Gradients straight_grad_rule(const GradientContext& c) {
  return linear_in_first<kGrad>(c, std::nullopt);
}
Gradients tanh_grad_rule(const GradientContext& c) {
  return linear_in_first<ElementOp::kTanhGrad>(
      c, scale(c.gradients[0] * c.inputs[0] * c.inputs[1], -2));
}
Gradients sigmoid_grad_rule(const GradientContext& c) {
  return linear_in_first<ElementOp::kSigmoidGrad>(
      c, c.gradients[0] * c.inputs[0] * offset(scale(c.inputs[1], -2), 1));
}

}  // namespace

decltype(OpInfo::gradient) element_gradient(ElementOp op) {
  switch (op) {
    case ElementOp::kNegate:
      return one<negate_rule>;
    case ElementOp::kAbs:
      return one<abs_rule>;
    case ElementOp::kExp:
      return one<exp_rule>;
    case ElementOp::kLog:
      return one<log_rule>;
    case ElementOp::kSqrt:
      return one<sqrt_rule>;
    case ElementOp::kRsqrt:
      return one<rsqrt_rule>;
    case ElementOp::kReciprocal:
      return one<reciprocal_rule>;
    case ElementOp::kSquare:
      return one<square_rule>;
    case ElementOp::kTanh:
      return one<by_result<ElementOp::kTanhGrad>>;
    case ElementOp::kSigmoid:
      return one<by_result<ElementOp::kSigmoidGrad>>;
    case ElementOp::kSoftplus:
      return one<softplus_rule>;
    case ElementOp::kRelu:
      return one<by_result<ElementOp::kReluGrad>>;
    case ElementOp::kLeakyRelu:
      return one<leaky_relu_rule>;
    case ElementOp::kElu:
      return one<elu_rule>;
    case ElementOp::kGelu:
      return one<by_operand<ElementOp::kGeluGrad>>;
    case ElementOp::kGeluTanh:
      return one<by_operand<ElementOp::kGeluTanhGrad>>;
    case ElementOp::kSilu:
      return one<by_operand<ElementOp::kSiluGrad>>;
    case ElementOp::kScale:
      return one<scale_rule>;
    case ElementOp::kOffset:
      return one<offset_rule>;
    case ElementOp::kPower:
      return one<power_rule>;
    case ElementOp::kClipLow:
    case ElementOp::kClipHigh:
      return one<clip_rule>;
    case ElementOp::kAdd:
      return add_rule;
    case ElementOp::kSubtract:
      return subtract_rule;
    case ElementOp::kMultiply:
      return multiply_rule;
    case ElementOp::kDivide:
      return divide_rule;
    case ElementOp::kMaximum:
    case ElementOp::kMinimum:
      return extreme_rule;
    case ElementOp::kSelect:
      return select_rule;
    case ElementOp::kReluGrad:
      return straight_grad_rule<ElementOp::kReluGrad>;
    case ElementOp::kLeakyReluGrad:
      return straight_grad_rule<ElementOp::kLeakyReluGrad>;
    case ElementOp::kTanhGrad:
      return tanh_grad_rule;
    case ElementOp::kSigmoidGrad:
      return sigmoid_grad_rule;
    case ElementOp::kSign:
    case ElementOp::kGreater:
    case ElementOp::kGreaterEqual:
    case ElementOp::kEqual:
      return flat_gradient;  // steps: zero wherever there is one
    default:
      return nullptr;
  }
}

}  // namespace bascule::detail
