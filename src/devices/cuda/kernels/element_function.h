#pragma once
// The functions of graph/element_op.h in float.
#include <cmath>

#include <bascule/graph/element_op.h>

#include "devices/cuda/kernels/qualifiers.h"

namespace bascule::cuda {

BASCULE_DEVICE float sigmoid(float a) {
  const float e = expf(-fabsf(a));  // never overflows
  return (a >= 0 ? 1.0F : e) / (1 + e);
}
BASCULE_DEVICE float normal_cdf(float a) {
  return 0.5F * erfcf(a * -0.70710678F);
}
/// (1 + tanh(z)) / 2 is the sigmoid of 2 z, which loses no digits where the tangent is close to −1.
BASCULE_DEVICE float gelu_tanh_gate(float a) {
  return sigmoid(2 * 0.79788456F * (a + 0.044715F * a * a * a));
}
BASCULE_DEVICE float gelu_tanh_slope(float a) {
  const float gate = gelu_tanh_gate(a);
  return gate + a * gate * (1 - gate) * 2 * 0.79788456F * (1 + 3 * 0.044715F * a * a);
}

/// Operands that the function does not have are ignored.
BASCULE_DEVICE float apply(ElementOp op, float a, float b, float c, float parameter) {
  switch (op) {
    case ElementOp::kNegate:
      return -a;
    case ElementOp::kAbs:
      return fabsf(a);
    case ElementOp::kSign:
      return a > 0 ? 1.0F : a < 0 ? -1.0F : 0.0F;
    case ElementOp::kExp:
      return expf(a);
    case ElementOp::kLog:
      return logf(a);
    case ElementOp::kSqrt:
      return sqrtf(a);
    case ElementOp::kRsqrt:
      return 1 / sqrtf(a);
    case ElementOp::kReciprocal:
      return 1 / a;
    case ElementOp::kSquare:
      return a * a;
    case ElementOp::kTanh:
      return tanhf(a);
    case ElementOp::kSigmoid:
      return sigmoid(a);
    case ElementOp::kSoftplus:
      return (a > 0 ? a : 0) + log1pf(expf(-fabsf(a)));
    case ElementOp::kRelu:
      return a < 0 ? 0 : a;  // a NaN stays one
    case ElementOp::kLeakyRelu:
      return a < 0 ? parameter * a : a;
    case ElementOp::kElu:
      return a < 0 ? parameter * expm1f(a) : a;
    case ElementOp::kGelu:
      return a * normal_cdf(a);
    case ElementOp::kGeluTanh:
      return a * gelu_tanh_gate(a);
    case ElementOp::kSilu:
      return a * sigmoid(a);
    case ElementOp::kScale:
      return parameter * a;
    case ElementOp::kOffset:
      return a + parameter;
    case ElementOp::kPower:
      return powf(a, parameter);
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
      return a > b ? 1.0F : 0.0F;
    case ElementOp::kGreaterEqual:
      return a >= b ? 1.0F : 0.0F;
    case ElementOp::kEqual:
      return a == b ? 1.0F : 0.0F;
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
      return a * (normal_cdf(b) + b * 0.39894228F * expf(-0.5F * b * b));
    case ElementOp::kGeluTanhGrad:
      return a * gelu_tanh_slope(b);
    case ElementOp::kSelect:
      return a != 0 ? b : c;
  }
  return 0;
}

}  // namespace bascule::cuda
