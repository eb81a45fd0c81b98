// Ops that move elements about and compute nothing.
#include <algorithm>
#include <array>
#include <numeric>

#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

using detail::op_case;
using Gradients = std::vector<std::optional<Value>>;

OpInfo shape_op(std::string_view name, decltype(OpInfo::infer) infer,
                decltype(OpInfo::gradient) gradient, decltype(OpInfo::cases) cases) {
  OpInfo info;
  info.name = name;
  info.infer = infer;
  info.gradient = gradient;
  info.flops = detail::no_cost;
  info.cases = cases;
  return info;
}

// reshape: attribute "shape".
std::vector<ValueType> infer_reshape(std::span<const ValueType> inputs,
                                     const Attributes& attributes) {
  detail::require_count("reshape", inputs, 1);
  detail::require_dense("reshape", inputs[0]);
  const Shape shape = detail::make_shape("reshape", attributes.integers("shape"));
  detail::require(shape.count() == inputs[0].shape.count(), "reshape",
                  fmt::format("{} and {} have different numbers of elements",
                              inputs[0].shape.to_string(), shape.to_string()));
  return {{inputs[0].dtype, shape}};
}
Gradients reshape_gradient(const GradientContext& c) {
  return {reshape(c.gradients[0], c.inputs[0].shape())};
}
std::vector<OpCase> reshape_cases() {
  using Extents = std::vector<std::int64_t>;
  return {op_case({f32({3, 4})}, {{"shape", Extents{2, 6}}}),
          op_case({f32({})}, {{"shape", Extents{1, 1}}}),
          op_case({i32({2, 3, 5})}, {{"shape", Extents{30}}}, {{-50, 50}}),
          op_case({f32({0, 3})}, {{"shape", Extents{7, 0}}})};
}
OpInfo declare_reshape() {
  OpInfo info = shape_op("reshape", infer_reshape, reshape_gradient, reshape_cases);
  info.bytes = detail::no_cost;
  info.view = true;
  info.in_place = {0};
  return info;
}

// transpose: attribute "permutation"; axis i of the result is axis permutation[i] of the operand.
std::vector<ValueType> infer_transpose(std::span<const ValueType> inputs,
                                       const Attributes& attributes) {
  detail::require_count("transpose", inputs, 1);
  detail::require_dense("transpose", inputs[0]);
  const Shape& shape = inputs[0].shape;
  const auto& permutation = attributes.integers("permutation");
  std::vector<std::int64_t> sorted = permutation, axes(shape.rank());
  std::sort(sorted.begin(), sorted.end());
  std::iota(axes.begin(), axes.end(), 0);
  detail::require(
      sorted == axes, "transpose",
      fmt::format("{} does not permute the axes of {}", attributes.to_string(), shape.to_string()));
  std::vector<std::int64_t> extents;
  extents.reserve(permutation.size());
  for (const std::int64_t axis : permutation)
    extents.push_back(shape[static_cast<std::size_t>(axis)]);
  return {{inputs[0].dtype, detail::make_shape("transpose", std::move(extents))}};
}
Gradients transpose_gradient(const GradientContext& c) {
  const auto& permutation = c.attributes.integers("permutation");
  std::vector<std::int64_t> inverse(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i)
    inverse[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  return {transpose(c.gradients[0], inverse)};
}
std::vector<OpCase> transpose_cases() {
  using Axes = std::vector<std::int64_t>;
  return {op_case({f32({3, 5})}, {{"permutation", Axes{1, 0}}}),
          op_case({f32({33, 130})}, {{"permutation", Axes{1, 0}}}),
          op_case({f32({2, 3, 4})}, {{"permutation", Axes{2, 0, 1}}}),
          op_case({f32({2, 3, 4, 5})}, {{"permutation", Axes{0, 2, 3, 1}}}),
          op_case({i32({4, 7})}, {{"permutation", Axes{1, 0}}}, {{-50, 50}}),
          op_case({f32({0, 4})}, {{"permutation", Axes{1, 0}}}),
          op_case({f32({})}, {{"permutation", Axes{}}})};
}

// broadcast_to: attribute "shape".
std::vector<ValueType> infer_broadcast_to(std::span<const ValueType> inputs,
                                          const Attributes& attributes) {
  detail::require_count("broadcast_to", inputs, 1);
  detail::require_dense("broadcast_to", inputs[0]);
  const Shape shape = detail::make_shape("broadcast_to", attributes.integers("shape"));
  detail::require(
      detail::broadcast("broadcast_to", inputs[0].shape, shape) == shape, "broadcast_to",
      fmt::format("{} does not fit in {}", inputs[0].shape.to_string(), shape.to_string()));
  return {{inputs[0].dtype, shape}};
}
Gradients broadcast_to_gradient(const GradientContext& c) {
  return {sum_to(c.gradients[0], c.inputs[0].shape())};
}
std::vector<OpCase> broadcast_to_cases() {
  using Extents = std::vector<std::int64_t>;
  return {op_case({f32({})}, {{"shape", Extents{3, 4}}}),
          op_case({f32({17})}, {{"shape", Extents{6, 17}}}),
          op_case({f32({6, 1})}, {{"shape", Extents{6, 17}}}),
          op_case({f32({2, 1, 4})}, {{"shape", Extents{3, 2, 5, 4}}}),
          op_case({i32({1, 3})}, {{"shape", Extents{2, 3}}}, {{-50, 50}}),
          op_case({f32({1, 4})}, {{"shape", Extents{0, 4}}})};
}

// cast: attribute "dtype". Rounds to nearest even; a float that no integer of the new type equals
// becomes the nearest one, NaN becomes 0.
bool is_float(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kBf16;
}
std::vector<ValueType> infer_cast(std::span<const ValueType> inputs, const Attributes& attributes) {
  detail::require_count("cast", inputs, 1);
  detail::require_dense("cast", inputs[0]);
  const auto to = static_cast<DType>(attributes.integer("dtype"));
  detail::require_dense("cast", {to, inputs[0].shape});
  return {{to, inputs[0].shape}};
}
Gradients cast_gradient(const GradientContext& c) {
  const DType from = c.inputs[0].dtype();
  if (!is_float(from) || !is_float(c.outputs[0].dtype())) return {std::nullopt};
  return {cast(c.gradients[0], from)};
}
std::vector<OpCase> cast_cases() {
  const auto to = [](DType dtype) {
    return Attributes{{"dtype", static_cast<std::int64_t>(dtype)}};
  };
  const ValueType bf16 = {DType::kBf16, {6, 17}};
  return {op_case({f32({6, 17})}, to(DType::kI32), {{-50, 50}}),
          op_case({f32({6, 17})}, to(DType::kI64), {{-50, 50}}),
          op_case({f32({6, 17})}, to(DType::kBf16)),
          op_case({f32({0})}, to(DType::kBf16)),
          op_case({bf16}, to(DType::kF32)),
          op_case({i32({6, 17})}, to(DType::kF32), {{-50, 50}}),
          op_case({i32({5})}, to(DType::kI64), {{-50, 50}}),
          op_case({i64({5})}, to(DType::kI32), {{-50, 50}}),
          op_case({i64({})}, to(DType::kF32), {{-50, 50}})};
}

}  // namespace

std::span<const OpInfo> shape_ops() {
  static const std::array ops = {
      declare_reshape(),
      shape_op("transpose", infer_transpose, transpose_gradient, transpose_cases),
      shape_op("broadcast_to", infer_broadcast_to, broadcast_to_gradient, broadcast_to_cases),
      shape_op("cast", infer_cast, cast_gradient, cast_cases)};
  return ops;
}

Value reshape(const Value& a, const Shape& shape) {
  return a.graph().add_one("reshape", std::array{a}, {{"shape", shape.extents()}});
}

Value transpose(const Value& a, std::vector<std::int64_t> permutation) {
  for (std::int64_t& axis : permutation)
    axis = detail::normalise_axis("transpose", axis, a.shape().rank());
  return a.graph().add_one("transpose", std::array{a}, {{"permutation", std::move(permutation)}});
}

Value broadcast_to(const Value& a, const Shape& shape) {
  return a.graph().add_one("broadcast_to", std::array{a}, {{"shape", shape.extents()}});
}

Value cast(const Value& a, DType dtype) {
  return a.graph().add_one("cast", std::array{a}, {{"dtype", static_cast<std::int64_t>(dtype)}});
}

}  // namespace bascule
