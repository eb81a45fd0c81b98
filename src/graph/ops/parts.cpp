// Parts of values along an axis: concat, slice, and pad_slice, which is slice's gradient.
#include <array>

#include <bascule/base/checked.h>
#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

using detail::op_case;
using Gradients = std::vector<std::optional<Value>>;

ValueType with_extent(std::string_view op, const ValueType& type, std::size_t axis,
                      std::int64_t extent) {
  std::vector<std::int64_t> extents = type.shape.extents();
  extents[axis] = extent;
  return {type.dtype, detail::make_shape(op, std::move(extents))};
}

std::size_t axis_of(std::string_view op, const ValueType& type, const Attributes& attributes) {
  return static_cast<std::size_t>(
      detail::normalise_axis(op, attributes.integer("axis"), type.shape.rank()));
}

// concat: attribute "axis".
std::vector<ValueType> infer_concat(std::span<const ValueType> inputs,
                                    const Attributes& attributes) {
  detail::require(!inputs.empty(), "concat", "no arguments");
  const std::size_t axis = axis_of("concat", inputs[0], attributes);
  detail::require_dense("concat", inputs[0]);
  std::int64_t extent = 0;
  for (const ValueType& type : inputs) {
    detail::require_dense("concat", type, inputs[0].dtype);
    detail::require_rank("concat", type, inputs[0].shape.rank());
    const auto longer = checked_add(extent, type.shape[axis]);
    detail::require(longer.has_value(), "concat", "too many elements");
    extent = *longer;
    detail::require(
        with_extent("concat", type, axis, 0) == with_extent("concat", inputs[0], axis, 0), "concat",
        fmt::format("{} and {} differ in another axis than {}", inputs[0].shape.to_string(),
                    type.shape.to_string(), axis));
  }
  return {with_extent("concat", inputs[0], axis, extent)};
}
Gradients concat_gradient(const GradientContext& c) {
  const std::int64_t axis = c.attributes.integer("axis");
  Gradients gradients;
  std::int64_t begin = 0;
  for (const Value& part : c.inputs) {
    const std::int64_t end = begin + part.shape()[static_cast<std::size_t>(axis)];
    gradients.emplace_back(slice(c.gradients[0], axis, begin, end));
    begin = end;
  }
  return gradients;
}
std::vector<OpCase> concat_cases() {
  const auto along = [](std::int64_t axis) { return Attributes{{"axis", axis}}; };
  return {op_case({f32({3, 4}), f32({3, 5})}, along(1)),
          op_case({f32({2, 17}), f32({1, 17}), f32({3, 17})}, along(0)),
          op_case({f32({2, 3, 4}), f32({2, 1, 4})}, along(1)),
          op_case({f32({5})}, along(0)),
          op_case({i32({3}), i32({4})}, along(0), {{-50, 50}, {-50, 50}}),
          op_case({f32({0, 4}), f32({2, 4})}, along(0))};
}

// slice: attributes "axis", "begin", "end".
std::vector<ValueType> infer_slice(std::span<const ValueType> inputs,
                                   const Attributes& attributes) {
  detail::require_count("slice", inputs, 1);
  detail::require_dense("slice", inputs[0]);
  const std::size_t axis = axis_of("slice", inputs[0], attributes);
  const std::int64_t begin = attributes.integer("begin"), end = attributes.integer("end");
  detail::require(0 <= begin && begin <= end && end <= inputs[0].shape[axis], "slice",
                  fmt::format("from {} to {} along axis {} of {}", begin, end, axis,
                              inputs[0].shape.to_string()));
  return {with_extent("slice", inputs[0], axis, end - begin)};
}
Gradients slice_gradient(const GradientContext& c) {
  const std::int64_t axis = c.attributes.integer("axis");
  const std::int64_t extent = c.inputs[0].shape()[static_cast<std::size_t>(axis)];
  return {c.graph.add_one(
      "pad_slice", std::array{c.gradients[0]},
      {{"axis", axis}, {"begin", c.attributes.integer("begin")}, {"extent", extent}})};
}
std::vector<OpCase> slice_cases() {
  const auto part = [](std::int64_t axis, std::int64_t begin, std::int64_t end) {
    return Attributes{{"axis", axis}, {"begin", begin}, {"end", end}};
  };
  return {op_case({f32({5, 17})}, part(1, 3, 11)), op_case({f32({5, 17})}, part(0, 1, 5)),
          op_case({f32({2, 3, 4})}, part(1, 2, 3)), op_case({f32({4})}, part(0, 2, 2)),
          op_case({i32({9})}, part(0, 0, 4), {{-50, 50}})};
}

// pad_slice: zeros of "extent" along "axis", but the operand from "begin" on.
std::vector<ValueType> infer_pad_slice(std::span<const ValueType> inputs,
                                       const Attributes& attributes) {
  detail::require_count("pad_slice", inputs, 1);
  detail::require_dense("pad_slice", inputs[0]);
  const std::size_t axis = axis_of("pad_slice", inputs[0], attributes);
  const std::int64_t begin = attributes.integer("begin"), extent = attributes.integer("extent");
  detail::require(begin >= 0 && begin <= extent - inputs[0].shape[axis], "pad_slice",
                  fmt::format("{} at {} does not fit in {} along axis {}",
                              inputs[0].shape.to_string(), begin, extent, axis));
  return {with_extent("pad_slice", inputs[0], axis, extent)};
}
Gradients pad_slice_gradient(const GradientContext& c) {
  const std::int64_t axis = c.attributes.integer("axis"), begin = c.attributes.integer("begin");
  const std::int64_t extent = c.inputs[0].shape()[static_cast<std::size_t>(axis)];
  return {slice(c.gradients[0], axis, begin, begin + extent)};
}
std::vector<OpCase> pad_slice_cases() {
  const auto part = [](std::int64_t axis, std::int64_t begin, std::int64_t extent) {
    return Attributes{{"axis", axis}, {"begin", begin}, {"extent", extent}};
  };
  return {op_case({f32({5, 8})}, part(1, 3, 17)), op_case({f32({4, 17})}, part(0, 1, 5)),
          op_case({f32({2, 1, 4})}, part(1, 2, 3)), op_case({f32({0})}, part(0, 2, 4)),
          op_case({i32({4})}, part(0, 0, 9), {{-50, 50}})};
}

OpInfo part_op(std::string_view name, decltype(OpInfo::infer) infer,
               decltype(OpInfo::gradient) gradient, decltype(OpInfo::cases) cases) {
  OpInfo info;
  info.name = name;
  info.infer = infer;
  info.gradient = gradient;
  info.flops = detail::no_cost;
  info.cases = cases;
  return info;
}

/// Only the part is read, and written.
double slice_bytes(const Node& node, std::span<const ValueType>) {
  return 2 * static_cast<double>(node.outputs[0].bytes());
}

}  // namespace

std::span<const OpInfo> part_ops() {
  static const std::array ops = [] {
    OpInfo slices = part_op("slice", infer_slice, slice_gradient, slice_cases);
    slices.bytes = slice_bytes;
    return std::array{part_op("concat", infer_concat, concat_gradient, concat_cases), slices,
                      part_op("pad_slice", infer_pad_slice, pad_slice_gradient, pad_slice_cases)};
  }();
  return ops;
}

Value concat(std::span<const Value> values, std::int64_t axis) {
  detail::require(!values.empty() && values[0].valid(), "concat", "no arguments");
  axis = detail::normalise_axis("concat", axis, values[0].shape().rank());
  return values[0].graph().add_one("concat", values, {{"axis", axis}});
}

Value slice(const Value& a, std::int64_t axis, std::int64_t begin, std::int64_t end) {
  axis = detail::normalise_axis("slice", axis, a.shape().rank());
  return a.graph().add_one("slice", std::array{a},
                           {{"axis", axis}, {"begin", begin}, {"end", end}});
}

}  // namespace bascule
