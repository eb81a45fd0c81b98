// Sums and greatest elements.
#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

using detail::op_case;
using Gradients = std::vector<std::optional<Value>>;

// sum and max: attributes "axes" (ascending; none: nothing is reduced) and "keep".
Shape reduced(std::string_view op, const Shape& shape, std::span<const std::int64_t> axes,
              bool keep) {
  std::vector<std::int64_t> extents;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const bool hit = std::find(axes.begin(), axes.end(), axis) != axes.end();
    if (!hit) extents.push_back(shape[axis]);
    if (hit && keep) extents.push_back(1);
  }
  return detail::make_shape(op, std::move(extents));
}

ValueType infer_reduced(std::string_view op, std::span<const ValueType> inputs,
                        const Attributes& attributes) {
  detail::require_count(op, inputs, 1);
  detail::require_dense(op, inputs[0], DType::kF32);
  std::int64_t last = -1;
  for (const std::int64_t axis : attributes.integers("axes")) {
    detail::require(axis > last, op, fmt::format("{}: not ascending", attributes.to_string()));
    last = detail::normalise_axis(op, axis, inputs[0].shape.rank());
  }
  return f32(reduced(op, inputs[0].shape, attributes.integers("axes"), attributes.flag("keep")));
}

std::vector<ValueType> infer_sum(std::span<const ValueType> inputs, const Attributes& attributes) {
  return {infer_reduced("sum", inputs, attributes)};
}
std::vector<ValueType> infer_max(std::span<const ValueType> inputs, const Attributes& attributes) {
  const ValueType type = infer_reduced("max", inputs, attributes);
  detail::require(inputs[0].shape.count() > 0 || type.shape.count() == 0, "max",
                  fmt::format("no elements in {}", inputs[0].shape.to_string()));
  return {type};
}

/// A reduced value with extents of 1 where it was reduced, so that it broadcasts to the operand.
Value kept(const GradientContext& c, const Value& value) {
  return reshape(value, reduced("reshape", c.inputs[0].shape(), c.attributes.integers("axes"),
                                /*keep=*/true));
}
Gradients sum_gradient(const GradientContext& c) {
  return {broadcast_to(kept(c, c.gradients[0]), c.inputs[0].shape())};
}
/// Equal greatest elements share the gradient.
Gradients max_gradient(const GradientContext& c) {
  const Value hits = equal(c.inputs[0], kept(c, c.outputs[0]));
  return {hits * kept(c, c.gradients[0] /
                             sum(hits, c.attributes.integers("axes"), c.attributes.flag("keep")))};
}

std::vector<OpCase> reduce_cases(const InputRange& range) {
  using Axes = std::vector<std::int64_t>;
  std::vector<OpCase> all;
  for (const bool keep : {false, true}) {
    for (const auto& [shape, axes] : std::vector<std::pair<Shape, Axes>>{{{7}, {0}},
                                                                         {{6, 17}, {0}},
                                                                         {{6, 17}, {1}},
                                                                         {{6, 17}, {0, 1}},
                                                                         {{33, 257}, {0}},
                                                                         {{3, 1000}, {1}},
                                                                         {{2, 3, 4, 5}, {1, 3}},
                                                                         {{2, 3, 4, 5}, {0, 1, 2}},
                                                                         {{0, 4}, {1}}})
      all.push_back(op_case({f32(shape)}, {{"axes", axes}, {"keep", std::int64_t{keep}}}, {range}));
  }
  all.push_back(op_case({f32({})}, {{"axes", Axes{}}, {"keep", std::int64_t{0}}}, {range}));
  return all;
}
std::vector<OpCase> sum_cases() {
  std::vector<OpCase> all = reduce_cases({});
  all.push_back(
      op_case({f32({0, 4})}, {{"axes", std::vector<std::int64_t>{0}}, {"keep", std::int64_t{0}}}));
  return all;
}
std::vector<OpCase> max_cases() {
  return reduce_cases({-2, 2, 0.001});
}

// argmax.
std::vector<ValueType> infer_argmax(std::span<const ValueType> inputs, const Attributes&) {
  detail::require_count("argmax", inputs, 1);
  detail::require_dense("argmax", inputs[0], DType::kF32);
  const Shape& shape = inputs[0].shape;
  detail::require(shape.rank() > 0, "argmax", "a scalar has no last axis");
  const std::int64_t last = shape[shape.rank() - 1];
  detail::require(last > 0 && last <= std::numeric_limits<std::int32_t>::max(), "argmax",
                  fmt::format("{} elements along the last axis of {}", last, shape.to_string()));
  return {i32(detail::make_shape("argmax", {shape.extents().begin(), shape.extents().end() - 1}))};
}
std::vector<OpCase> argmax_cases() {
  const InputRange distinct{-2, 2, 0.001};
  return {op_case({f32({7})}, {}, {distinct}),
          op_case({f32({6, 17})}, {}, {distinct}),
          op_case({f32({33, 100})}, {}, {distinct}),
          op_case({f32({2, 3, 5})}, {}, {distinct}),
          op_case({f32({0, 5})}),
          op_case({f32({4, 1})})};
}

}  // namespace

std::span<const OpInfo> reduce_ops() {
  static const std::array ops = [] {
    OpInfo sums;
    sums.name = "sum";
    sums.infer = infer_sum;
    sums.gradient = sum_gradient;
    sums.flops = detail::per_input_element<1>;
    sums.cases = sum_cases;
    OpInfo greatest = sums;
    greatest.name = "max";
    greatest.infer = infer_max;
    greatest.gradient = max_gradient;
    greatest.cases = max_cases;
    OpInfo place = greatest;
    place.name = "argmax";
    place.infer = infer_argmax;
    place.gradient = nullptr;
    place.cases = argmax_cases;
    return std::array{sums, greatest, place};
  }();
  return ops;
}

namespace {

Value reduce(std::string_view op, const Value& a, std::vector<std::int64_t> axes, bool keep) {
  const std::size_t rank = a.shape().rank();
  if (axes.empty()) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (std::int64_t& axis : axes) axis = detail::normalise_axis(op, axis, rank);
  std::sort(axes.begin(), axes.end());
  return a.graph().add_one(op, std::array{a},
                           {{"axes", std::move(axes)}, {"keep", std::int64_t{keep}}});
}

}  // namespace

Value sum(const Value& a, std::vector<std::int64_t> axes, bool keep) {
  return reduce("sum", a, std::move(axes), keep);
}

Value mean(const Value& a, std::vector<std::int64_t> axes, bool keep) {
  const Value total = sum(a, std::move(axes), keep);
  // As NumPy: the mean of no elements is 0 · ∞, not a number.
  return scale(total,
               static_cast<double>(total.shape().count()) / static_cast<double>(a.shape().count()));
}

Value max(const Value& a, std::vector<std::int64_t> axes, bool keep) {
  return reduce("max", a, std::move(axes), keep);
}

Value sum_to(const Value& a, const Shape& shape) {
  const Shape& from = a.shape();
  if (from == shape) return a;
  detail::require(detail::broadcast("sum_to", from, shape) == from, "sum_to",
                  fmt::format("{} does not broadcast to {}", shape.to_string(), from.to_string()));
  const std::size_t added = from.rank() - shape.rank();
  std::vector<std::int64_t> axes;
  for (std::size_t axis = 0; axis < from.rank(); ++axis) {
    if (axis < added || shape[axis - added] != from[axis])
      axes.push_back(static_cast<std::int64_t>(axis));
  }
  const Value total = sum(a, axes);
  return total.shape() == shape ? total : reshape(total, shape);
}

Value argmax(const Value& a) {
  return a.graph().add_one("argmax", std::array{a});
}

}  // namespace bascule
