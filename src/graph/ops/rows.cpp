// Rows and elements chosen by indices. An index out of range reads zeros and writes nothing, so
// that −1 masks a row.
#include <array>

#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"
#include "graph/ops/optimizers.h"

namespace bascule {
namespace {

using detail::op_case;
using Gradients = std::vector<std::optional<Value>>;

Shape appended(std::string_view op, const Shape& shape, std::int64_t extent) {
  std::vector<std::int64_t> extents = shape.extents();
  extents.push_back(extent);
  return detail::make_shape(op, std::move(extents));
}

double doubled_output_bytes(const Node& node, std::span<const ValueType> inputs) {
  return 2 * static_cast<double>(node.outputs[0].bytes()) + static_cast<double>(inputs[1].bytes());
}

std::vector<ValueType> infer_gather_rows(std::span<const ValueType> inputs, const Attributes&) {
  detail::require_count("gather_rows", inputs, 2);
  detail::require_dense("gather_rows", inputs[0], DType::kF32);
  detail::require_dense("gather_rows", inputs[1], DType::kI32);
  detail::require_rank("gather_rows", inputs[0], 2);
  return {f32(appended("gather_rows", inputs[1].shape, inputs[0].shape[1]))};
}
Gradients gather_rows_gradient(const GradientContext& c) {
  return {scatter_add_rows(c.gradients[0], c.inputs[1], c.inputs[0].shape()[0]), std::nullopt};
}
std::vector<OpCase> gather_rows_cases() {
  const auto one = [](const Shape& table, const Shape& indices) {
    // Two more than there are rows: out of range on both sides.
    return op_case({f32(table), i32(indices)}, {}, {{}, {-1, static_cast<double>(table[0] + 1)}});
  };
  return {one({5, 7}, {9}), one({50, 16}, {4, 6}), one({3, 1}, {}), one({100, 33}, {200}),
          one({4, 3}, {0})};
}

// scatter_add_rows: attribute "rows".
std::vector<ValueType> infer_scatter_add_rows(std::span<const ValueType> inputs,
                                              const Attributes& attributes) {
  detail::require_count("scatter_add_rows", inputs, 2);
  detail::require_dense("scatter_add_rows", inputs[0], DType::kF32);
  detail::require_dense("scatter_add_rows", inputs[1], DType::kI32);
  const Shape &values = inputs[0].shape, &indices = inputs[1].shape;
  detail::require(values.rank() == indices.rank() + 1 &&
                      appended("scatter_add_rows", indices, values[values.rank() - 1]) == values,
                  "scatter_add_rows",
                  fmt::format("values {} at indices {}", values.to_string(), indices.to_string()));
  return {f32(detail::make_shape("scatter_add_rows",
                                 {attributes.integer("rows"), values[values.rank() - 1]}))};
}
Gradients scatter_add_rows_gradient(const GradientContext& c) {
  return {gather_rows(c.gradients[0], c.inputs[1]), std::nullopt};
}
std::vector<OpCase> scatter_add_rows_cases() {
  const auto one = [](const Shape& values, const Shape& indices, std::int64_t rows) {
    return op_case({f32(values), i32(indices)}, {{"rows", rows}},
                   {{}, {-1, static_cast<double>(rows + 1)}});
  };
  return {one({9, 7}, {9}, 5), one({4, 6, 16}, {4, 6}, 50), one({3}, {}, 2),
          one({200, 33}, {200}, 10), one({0, 3}, {0}, 4)};
}

// rows_update: scatter_add_rows joined to the update of the table, which says how many rows.
std::vector<ValueType> infer_rows_update(std::span<const ValueType> inputs,
                                         const Attributes& attributes) {
  constexpr std::string_view kName = "rows_update";
  detail::require(inputs.size() > 2, kName, "no rows");
  detail::require_dense(kName, inputs[0], DType::kF32);
  detail::require_dense(kName, inputs[1], DType::kI32);
  detail::require_rank(kName, inputs[0], 2);
  detail::require_rank(kName, inputs[2], 2);
  detail::require_shape(kName, inputs[1], {inputs[0].shape[0]});
  return detail::infer_joined_update(kName, attributes, inputs,
                                     f32({inputs[2].shape[0], inputs[0].shape[1]}));
}
double rows_update_flops(const Node& node, std::span<const ValueType> inputs) {
  return static_cast<double>(inputs[0].shape.count()) + detail::joined_update_flops(node);
}
std::vector<OpCase> rows_update_cases() {
  std::vector<OpCase> all;
  const auto add = [&](std::int64_t count, const Shape& table) {
    const std::array factors = {f32({count, table[1]}), i32({count})};
    for (OpCase& one : detail::joined_update_cases(factors, table)) {
      one.ranges[1] = {-1, static_cast<double>(table[0] + 1)};
      all.push_back(std::move(one));
    }
  };
  add(9, {5, 7});      // several values a row
  add(40, {300, 33});  // most rows have none
  add(0, {4, 3});
  add(200, {10, 1});
  return all;
}

void require_one_per_row(std::string_view op, const Shape& indices, std::int64_t rows) {
  detail::require(indices == Shape{rows}, op,
                  fmt::format("indices {} for {} rows", indices.to_string(), rows));
}

std::vector<ValueType> infer_pick(std::span<const ValueType> inputs, const Attributes&) {
  detail::require_count("pick", inputs, 2);
  detail::require_dense("pick", inputs[0], DType::kF32);
  detail::require_dense("pick", inputs[1], DType::kI32);
  detail::require_rank("pick", inputs[0], 2);
  require_one_per_row("pick", inputs[1].shape, inputs[0].shape[0]);
  return {f32(inputs[1].shape)};
}
Gradients pick_gradient(const GradientContext& c) {
  return {place(c.gradients[0], c.inputs[1], c.inputs[0].shape()[1]), std::nullopt};
}
std::vector<OpCase> pick_cases() {
  const auto one = [](std::int64_t rows, std::int64_t columns) {
    return op_case({f32({rows, columns}), i32({rows})}, {},
                   {{}, {-1, static_cast<double>(columns + 1)}});
  };
  return {one(1, 1), one(7, 5), one(128, 10), one(0, 3)};
}

// place: attribute "columns".
std::vector<ValueType> infer_place(std::span<const ValueType> inputs,
                                   const Attributes& attributes) {
  detail::require_count("place", inputs, 2);
  detail::require_dense("place", inputs[0], DType::kF32);
  detail::require_dense("place", inputs[1], DType::kI32);
  detail::require_rank("place", inputs[0], 1);
  require_one_per_row("place", inputs[1].shape, inputs[0].shape[0]);
  return {f32(appended("place", inputs[0].shape, attributes.integer("columns")))};
}
Gradients place_gradient(const GradientContext& c) {
  return {pick(c.gradients[0], c.inputs[1]), std::nullopt};
}
std::vector<OpCase> place_cases() {
  const auto one = [](std::int64_t rows, std::int64_t columns) {
    return op_case({f32({rows}), i32({rows})}, {{"columns", columns}},
                   {{}, {-1, static_cast<double>(columns + 1)}});
  };
  return {one(1, 1), one(7, 5), one(128, 10), one(0, 3)};
}

// one_hot: attribute "classes".
std::vector<ValueType> infer_one_hot(std::span<const ValueType> inputs,
                                     const Attributes& attributes) {
  detail::require_count("one_hot", inputs, 1);
  detail::require_dense("one_hot", inputs[0], DType::kI32);
  return {f32(appended("one_hot", inputs[0].shape, attributes.integer("classes")))};
}
std::vector<OpCase> one_hot_cases() {
  const auto one = [](const Shape& indices, std::int64_t classes) {
    return op_case({i32(indices)}, {{"classes", classes}},
                   {{-1, static_cast<double>(classes + 1)}});
  };
  return {one({}, 3), one({7}, 5), one({128}, 10), one({4, 6}, 1), one({0}, 3)};
}

OpInfo row_op(std::string_view name, decltype(OpInfo::infer) infer,
              decltype(OpInfo::gradient) gradient, decltype(OpInfo::cases) cases) {
  OpInfo info;
  info.name = name;
  info.infer = infer;
  info.gradient = gradient;
  info.flops = detail::no_cost;
  info.cases = cases;
  return info;
}

}  // namespace

std::span<const OpInfo> row_ops() {
  static const std::array ops = [] {
    OpInfo gather =
        row_op("gather_rows", infer_gather_rows, gather_rows_gradient, gather_rows_cases);
    gather.bytes = doubled_output_bytes;
    OpInfo scatter = row_op("scatter_add_rows", infer_scatter_add_rows, scatter_add_rows_gradient,
                            scatter_add_rows_cases);
    scatter.flops = detail::per_input_element<1>;
    OpInfo update;
    update.name = "rows_update";
    update.infer = infer_rows_update;
    update.flops = rows_update_flops;
    update.cases = rows_update_cases;
    update.in_place = {2, 3, 4};  // w and its states, as far as the optimizer has them
    OpInfo picks = row_op("pick", infer_pick, pick_gradient, pick_cases);
    picks.bytes = doubled_output_bytes;
    return std::array{gather,
                      scatter,
                      update,
                      picks,
                      row_op("place", infer_place, place_gradient, place_cases),
                      row_op("one_hot", infer_one_hot, detail::flat_gradient, one_hot_cases)};
  }();
  return ops;
}

Value gather_rows(const Value& table, const Value& indices) {
  return table.graph().add_one("gather_rows", std::array{table, indices});
}
Value scatter_add_rows(const Value& values, const Value& indices, std::int64_t rows) {
  return values.graph().add_one("scatter_add_rows", std::array{values, indices}, {{"rows", rows}});
}
Value pick(const Value& a, const Value& indices) {
  return a.graph().add_one("pick", std::array{a, indices});
}
Value place(const Value& values, const Value& indices, std::int64_t columns) {
  return values.graph().add_one("place", std::array{values, indices}, {{"columns", columns}});
}
Value one_hot(const Value& indices, std::int64_t classes) {
  return indices.graph().add_one("one_hot", std::array{indices}, {{"classes", classes}});
}

}  // namespace bascule
