#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numbers>

#include <bascule/graph/element_op.h>

namespace bascule {
namespace {

constexpr double kCheap = 1, kCostly = 10;

constexpr std::array kElementOps = {
    ElementOpInfo{ElementOp::kNegate, "negate", 1, false, kCheap},
    ElementOpInfo{ElementOp::kAbs, "abs", 1, false, kCheap},
    ElementOpInfo{ElementOp::kSign, "sign", 1, false, kCheap},
    ElementOpInfo{ElementOp::kExp, "exp", 1, false, kCostly},
    ElementOpInfo{ElementOp::kLog, "log", 1, false, kCostly},
    ElementOpInfo{ElementOp::kSqrt, "sqrt", 1, false, kCheap},
    ElementOpInfo{ElementOp::kRsqrt, "rsqrt", 1, false, kCheap},
    ElementOpInfo{ElementOp::kReciprocal, "reciprocal", 1, false, kCheap},
    ElementOpInfo{ElementOp::kSquare, "square", 1, false, kCheap},
    ElementOpInfo{ElementOp::kTanh, "tanh", 1, false, kCostly},
    ElementOpInfo{ElementOp::kSigmoid, "sigmoid", 1, false, kCostly},
    ElementOpInfo{ElementOp::kSoftplus, "softplus", 1, false, kCostly},
    ElementOpInfo{ElementOp::kRelu, "relu", 1, false, kCheap},
    ElementOpInfo{ElementOp::kLeakyRelu, "leaky_relu", 1, true, kCheap},
    ElementOpInfo{ElementOp::kElu, "elu", 1, true, kCostly},
    ElementOpInfo{ElementOp::kGelu, "gelu", 1, false, kCostly},
    ElementOpInfo{ElementOp::kGeluTanh, "gelu_tanh", 1, false, kCostly},
    ElementOpInfo{ElementOp::kSilu, "silu", 1, false, kCostly},
    ElementOpInfo{ElementOp::kScale, "scale", 1, true, kCheap},
    ElementOpInfo{ElementOp::kOffset, "offset", 1, true, kCheap},
    ElementOpInfo{ElementOp::kPower, "power", 1, true, kCostly},
    ElementOpInfo{ElementOp::kClipLow, "clip_low", 1, true, kCheap},
    ElementOpInfo{ElementOp::kClipHigh, "clip_high", 1, true, kCheap},
    ElementOpInfo{ElementOp::kAdd, "add", 2, false, kCheap},
    ElementOpInfo{ElementOp::kSubtract, "subtract", 2, false, kCheap},
    ElementOpInfo{ElementOp::kMultiply, "multiply", 2, false, kCheap},
    ElementOpInfo{ElementOp::kDivide, "divide", 2, false, kCheap},
    ElementOpInfo{ElementOp::kMaximum, "maximum", 2, false, kCheap},
    ElementOpInfo{ElementOp::kMinimum, "minimum", 2, false, kCheap},
    ElementOpInfo{ElementOp::kGreater, "greater", 2, false, kCheap},
    ElementOpInfo{ElementOp::kGreaterEqual, "greater_equal", 2, false, kCheap},
    ElementOpInfo{ElementOp::kEqual, "equal", 2, false, kCheap},
    ElementOpInfo{ElementOp::kReluGrad, "relu_grad", 2, false, kCheap},
    ElementOpInfo{ElementOp::kLeakyReluGrad, "leaky_relu_grad", 2, true, kCheap},
    ElementOpInfo{ElementOp::kEluGrad, "elu_grad", 2, true, kCheap},
    ElementOpInfo{ElementOp::kTanhGrad, "tanh_grad", 2, false, kCheap},
    ElementOpInfo{ElementOp::kSigmoidGrad, "sigmoid_grad", 2, false, kCheap},
    ElementOpInfo{ElementOp::kSiluGrad, "silu_grad", 2, false, kCostly},
    ElementOpInfo{ElementOp::kGeluGrad, "gelu_grad", 2, false, kCostly},
    ElementOpInfo{ElementOp::kGeluTanhGrad, "gelu_tanh_grad", 2, false, kCostly},
    ElementOpInfo{ElementOp::kSelect, "select", 3, false, kCheap},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kElementOps.size(); ++i) {
    if (static_cast<std::size_t>(kElementOps[i].op) != i) return false;
  }
  return true;
}
static_assert(in_order());

double sigmoid(double a) {
  return a >= 0 ? 1 / (1 + std::exp(-a)) : std::exp(a) / (1 + std::exp(a));
}
double normal_cdf(double a) {
  return 0.5 * std::erfc(-a / std::numbers::sqrt2);
}
double normal_pdf(double a) {
  return std::exp(-0.5 * a * a) / std::sqrt(2 * std::numbers::pi);
}

// The tanh approximation of gelu: D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", 2016.
constexpr double kGeluCubic = 0.044715;
double gelu_inner(double a) {
  return std::sqrt(2 / std::numbers::pi) * (a + kGeluCubic * a * a * a);
}
double gelu_tanh(double a) {
  return 0.5 * a * (1 + std::tanh(gelu_inner(a)));
}
double gelu_tanh_slope(double a) {
  const double t = std::tanh(gelu_inner(a));
  const double inner_slope = std::sqrt(2 / std::numbers::pi) * (1 + 3 * kGeluCubic * a * a);
  return 0.5 * (1 + t) + 0.5 * a * (1 - t * t) * inner_slope;
}

}  // namespace

std::span<const ElementOpInfo> element_ops() {
  return kElementOps;
}

const ElementOpInfo& element_op_info(ElementOp op) {
  return kElementOps[static_cast<std::size_t>(op)];
}

const ElementOpInfo* find_element_op(std::string_view name) {
  for (const ElementOpInfo& info : kElementOps) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

double apply_element_op(ElementOp op, double a, double b, double c, double parameter) {
  switch (op) {
    case ElementOp::kNegate:
      return -a;
    case ElementOp::kAbs:
      return std::abs(a);
    case ElementOp::kSign:
      return a > 0 ? 1 : a < 0 ? -1 : 0;
    case ElementOp::kExp:
      return std::exp(a);
    case ElementOp::kLog:
      return std::log(a);
    case ElementOp::kSqrt:
      return std::sqrt(a);
    case ElementOp::kRsqrt:
      return 1 / std::sqrt(a);
    case ElementOp::kReciprocal:
      return 1 / a;
    case ElementOp::kSquare:
      return a * a;
    case ElementOp::kTanh:
      return std::tanh(a);
    case ElementOp::kSigmoid:
      return sigmoid(a);
    case ElementOp::kSoftplus:
      return std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a)));
    case ElementOp::kRelu:
      return a < 0 ? 0 : a;  // a NaN stays one
    case ElementOp::kLeakyRelu:
      return a < 0 ? parameter * a : a;
    case ElementOp::kElu:
      return a < 0 ? parameter * std::expm1(a) : a;
    case ElementOp::kGelu:
      return a * normal_cdf(a);
    case ElementOp::kGeluTanh:
      return gelu_tanh(a);
    case ElementOp::kSilu:
      return a * sigmoid(a);
    case ElementOp::kScale:
      return parameter * a;
    case ElementOp::kOffset:
      return a + parameter;
    case ElementOp::kPower:
      return std::pow(a, parameter);
    case ElementOp::kClipLow:
      return a < parameter ? parameter : a;
    case ElementOp::kClipHigh:
      return a > parameter ? parameter : a;
    case ElementOp::kAdd:
      return a + b;
    case ElementOp::kSubtract:
      return a - b;
    case ElementOp::kMultiply:
      return a * b;
    case ElementOp::kDivide:
      return a / b;
    case ElementOp::kMaximum:
      return a < b ? b : a;
    case ElementOp::kMinimum:
      return b < a ? b : a;
    case ElementOp::kGreater:
      return a > b ? 1 : 0;
    case ElementOp::kGreaterEqual:
      return a >= b ? 1 : 0;
    case ElementOp::kEqual:
      return a == b ? 1 : 0;
    case ElementOp::kReluGrad:
      return b > 0 ? a : 0;
    case ElementOp::kLeakyReluGrad:
      return b < 0 ? parameter * a : a;
    case ElementOp::kEluGrad:
      return b < 0 ? a * (b + parameter) : a;
    case ElementOp::kTanhGrad:
      return a * (1 - b * b);
    case ElementOp::kSigmoidGrad:
      return a * b * (1 - b);
    case ElementOp::kSiluGrad:
      return a * sigmoid(b) * (1 + b * (1 - sigmoid(b)));
    case ElementOp::kGeluGrad:
      return a * (normal_cdf(b) + b * normal_pdf(b));
    case ElementOp::kGeluTanhGrad:
      return a * gelu_tanh_slope(b);
    case ElementOp::kSelect:
      return a != 0 ? b : c;
  }
  return 0;
}

}  // namespace bascule
