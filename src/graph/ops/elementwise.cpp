// One graph op for each function of element_op.h, and its builder.
#include <array>

#include <bascule/graph/element_op.h>
#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"
#include "graph/ops/elementwise_gradients.h"

namespace bascule {
namespace {

std::vector<ValueType> infer_named(std::string_view name, int operands,
                                   std::span<const ValueType> inputs) {
  detail::require_count(name, inputs, static_cast<std::size_t>(operands));
  Shape shape = inputs[0].shape;
  for (const ValueType& type : inputs) {
    detail::require_dense(name, type, DType::kF32);
    shape = detail::broadcast(name, shape, type.shape);
  }
  return {f32(shape)};
}

/// A function per op, so that it fits the plain pointer of OpInfo.
template <ElementOp kOp>
std::vector<ValueType> infer(std::span<const ValueType> inputs, const Attributes&) {
  const ElementOpInfo& info = element_op_info(kOp);
  return infer_named(info.name, info.operands, inputs);
}

template <ElementOp kOp>
double flops(const Node& node, std::span<const ValueType>) {
  return element_op_info(kOp).flops * static_cast<double>(node.outputs[0].shape.count());
}

/// Where a function is smooth and defined, and the parameter that its cases take.
struct Domain {
  InputRange first, second;
  double parameter = 0;
};

Domain domain(ElementOp op) {
  const InputRange positive{0.2, 3, 0};
  const InputRange kink{-2, 2, 0.05};
  switch (op) {
    case ElementOp::kLog:
    case ElementOp::kSqrt:
    case ElementOp::kRsqrt:
    case ElementOp::kReciprocal:
      return {positive, {}, 0};
    case ElementOp::kPower:
      return {positive, {}, 1.7};
    case ElementOp::kDivide:
      return {{-2, 2}, positive, 0};
    case ElementOp::kLeakyRelu:
      return {kink, {}, 0.1};
    case ElementOp::kElu:
      return {kink, {}, 0.7};
    case ElementOp::kLeakyReluGrad:
      return {{-2, 2}, kink, 0.1};
    case ElementOp::kEluGrad:
      return {{-2, 2}, {-0.6, 2, 0.05}, 0.7};
    case ElementOp::kTanhGrad:
      return {{-2, 2}, {-0.95, 0.95}, 0};
    case ElementOp::kSigmoidGrad:
      return {{-2, 2}, {0.05, 0.95}, 0};
    case ElementOp::kScale:
      return {{-2, 2}, {}, -1.5};
    case ElementOp::kOffset:
      return {{-2, 2}, {}, 0.25};
    case ElementOp::kClipLow:
      return {{0, 2, 0.05}, {}, 0};
    case ElementOp::kClipHigh:
      return {{-2, 0, 0.05}, {}, 0};
    case ElementOp::kExp:
    case ElementOp::kSoftplus:
    case ElementOp::kSigmoid:
    case ElementOp::kTanh:
    case ElementOp::kSilu:
    case ElementOp::kGelu:
    case ElementOp::kGeluTanh:
      return {{-6, 6}, {}, 0};
    default:
      return {kink, kink, 0};
  }
}

template <ElementOp kOp>
std::vector<OpCase> cases() {
  const ElementOpInfo& info = element_op_info(kOp);
  const Domain d = domain(kOp);
  std::vector<std::vector<Shape>> shapes = {{{1}}, {{7}}, {{3, 5}}, {{33, 100}}, {{2, 3, 4, 5}}};
  for (auto& one : shapes) one.resize(static_cast<std::size_t>(info.operands), one[0]);
  if (info.operands == 2) {
    shapes.insert(shapes.end(), {{{6, 17}, {17}},
                                 {{6, 17}, {6, 1}},
                                 {{6, 17}, {}},
                                 {{}, {6, 17}},
                                 {{1, 17}, {6, 1}},
                                 {{2, 1, 5}, {3, 1}}});
  }
  if (info.operands == 3)
    shapes.insert(shapes.end(), {{{6, 17}, {17}, {}}, {{6, 1}, {17}, {6, 17}}});
  std::vector<OpCase> all;
  for (const auto& one : shapes) {
    OpCase c;
    for (const Shape& shape : one) {
      c.name += (c.name.empty() ? "" : " ") + shape.to_string();
      c.inputs.push_back(f32(shape));
    }
    c.ranges = {d.first, d.second, {-2, 2}};
    if (info.parameter) c.attributes.set("parameter", d.parameter);
    all.push_back(std::move(c));
  }
  return all;
}

template <ElementOp kOp>
OpInfo declare() {
  OpInfo info;
  info.name = element_op_info(kOp).name;
  info.infer = infer<kOp>;
  info.gradient = detail::element_gradient(kOp);
  info.flops = flops<kOp>;
  info.cases = cases<kOp>;
  info.elementwise = true;
  info.in_place = {0};
  return info;
}

template <std::size_t... kOps>
auto declare_all(std::index_sequence<kOps...>) {
  return std::array{declare<static_cast<ElementOp>(kOps)>()...};
}

constexpr std::size_t kCount = static_cast<std::size_t>(ElementOp::kSelect) + 1;

}  // namespace

std::span<const OpInfo> elementwise_ops() {
  static const auto ops = declare_all(std::make_index_sequence<kCount>());
  return ops;
}

namespace detail {

Value element(ElementOp op, std::initializer_list<Value> operands) {
  const ElementOpInfo& info = element_op_info(op);
  return operands.begin()->graph().add_one(info.name, {operands.begin(), operands.size()});
}

Value element(ElementOp op, std::initializer_list<Value> operands, double parameter) {
  const ElementOpInfo& info = element_op_info(op);
  return operands.begin()->graph().add_one(info.name, {operands.begin(), operands.size()},
                                           {{"parameter", parameter}});
}

}  // namespace detail

using detail::element;

Value negate(const Value& a) {
  return element(ElementOp::kNegate, {a});
}
Value abs(const Value& a) {
  return element(ElementOp::kAbs, {a});
}
Value sign(const Value& a) {
  return element(ElementOp::kSign, {a});
}
Value exp(const Value& a) {
  return element(ElementOp::kExp, {a});
}
Value log(const Value& a) {
  return element(ElementOp::kLog, {a});
}
Value sqrt(const Value& a) {
  return element(ElementOp::kSqrt, {a});
}
Value rsqrt(const Value& a) {
  return element(ElementOp::kRsqrt, {a});
}
Value reciprocal(const Value& a) {
  return element(ElementOp::kReciprocal, {a});
}
Value square(const Value& a) {
  return element(ElementOp::kSquare, {a});
}
Value tanh(const Value& a) {
  return element(ElementOp::kTanh, {a});
}
Value sigmoid(const Value& a) {
  return element(ElementOp::kSigmoid, {a});
}
Value softplus(const Value& a) {
  return element(ElementOp::kSoftplus, {a});
}
Value relu(const Value& a) {
  return element(ElementOp::kRelu, {a});
}
Value leaky_relu(const Value& a, double slope) {
  return element(ElementOp::kLeakyRelu, {a}, slope);
}
Value elu(const Value& a, double alpha) {
  return element(ElementOp::kElu, {a}, alpha);
}
Value gelu(const Value& a) {
  return element(ElementOp::kGelu, {a});
}
Value gelu_tanh(const Value& a) {
  return element(ElementOp::kGeluTanh, {a});
}
Value silu(const Value& a) {
  return element(ElementOp::kSilu, {a});
}
Value scale(const Value& a, double factor) {
  return element(ElementOp::kScale, {a}, factor);
}
Value offset(const Value& a, double term) {
  return element(ElementOp::kOffset, {a}, term);
}
Value power(const Value& a, double exponent) {
  return element(ElementOp::kPower, {a}, exponent);
}
Value clip(const Value& a, double low, double high) {
  return element(ElementOp::kClipHigh, {element(ElementOp::kClipLow, {a}, low)}, high);
}
Value add(const Value& a, const Value& b) {
  return element(ElementOp::kAdd, {a, b});
}
Value subtract(const Value& a, const Value& b) {
  return element(ElementOp::kSubtract, {a, b});
}
Value multiply(const Value& a, const Value& b) {
  return element(ElementOp::kMultiply, {a, b});
}
Value divide(const Value& a, const Value& b) {
  return element(ElementOp::kDivide, {a, b});
}
Value maximum(const Value& a, const Value& b) {
  return element(ElementOp::kMaximum, {a, b});
}
Value minimum(const Value& a, const Value& b) {
  return element(ElementOp::kMinimum, {a, b});
}
Value greater(const Value& a, const Value& b) {
  return element(ElementOp::kGreater, {a, b});
}
Value greater_equal(const Value& a, const Value& b) {
  return element(ElementOp::kGreaterEqual, {a, b});
}
Value equal(const Value& a, const Value& b) {
  return element(ElementOp::kEqual, {a, b});
}
Value select(const Value& condition, const Value& a, const Value& b) {
  return element(ElementOp::kSelect, {condition, a, b});
}

}  // namespace bascule
