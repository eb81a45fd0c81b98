#include "graph/op_rules.h"

#include <algorithm>

namespace bascule::detail {

Shape broadcast(std::string_view op, const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.rank(), b.rank());
  std::vector<std::int64_t> extents(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t x = i < rank - a.rank() ? 1 : a[i - (rank - a.rank())];
    const std::int64_t y = i < rank - b.rank() ? 1 : b[i - (rank - b.rank())];
    if (x != y && x != 1 && y != 1)
      throw GraphError(op, fmt::format("{} and {} do not broadcast", a.to_string(), b.to_string()));
    extents[i] = x == 1 ? y : x;
  }
  return make_shape(op, std::move(extents));
}

std::int64_t normalise_axis(std::string_view op, std::int64_t axis, std::size_t rank) {
  const auto n = static_cast<std::int64_t>(rank);
  if (axis < -n || axis >= n)
    throw GraphError(op, fmt::format("axis {} of a value of rank {}", axis, rank));
  return axis < 0 ? axis + n : axis;
}

void require(bool holds, std::string_view op, const std::string& message) {
  if (!holds) throw GraphError(op, message);
}

void require_count(std::string_view op, std::span<const ValueType> inputs, std::size_t count) {
  require(inputs.size() == count, op,
          fmt::format("{} arguments, {} expected", inputs.size(), count));
}

void require_dense(std::string_view op, const ValueType& type) {
  const DType dtype = type.dtype;
  require(type.storage == Storage::kDense && (dtype == DType::kF32 || dtype == DType::kBf16 ||
                                              dtype == DType::kI32 || dtype == DType::kI64),
          op,
          fmt::format("an argument is {}, dense F32, BF16, I32 or I64 expected", type.to_string()));
}

void require_dense(std::string_view op, const ValueType& type, DType dtype) {
  require(type.storage == Storage::kDense && type.dtype == dtype, op,
          fmt::format("an argument is {}, dense {} expected", type.to_string(), dtype_name(dtype)));
}

void require_csr(std::string_view op, const ValueType& type) {
  require(type.storage == Storage::kCsr && type.dtype == DType::kF32 && type.shape.rank() == 2, op,
          fmt::format("an argument is {}, a CSR matrix of F32 expected", type.to_string()));
}

void require_rank(std::string_view op, const ValueType& type, std::size_t rank) {
  require(type.shape.rank() == rank, op,
          fmt::format("an argument is {}, rank {} expected", type.to_string(), rank));
}

void require_shape(std::string_view op, const ValueType& type, const Shape& shape) {
  require(type.shape == shape, op,
          fmt::format("an argument is {}, {} expected", type.to_string(), shape.to_string()));
}

Shape make_shape(std::string_view op, std::vector<std::int64_t> extents) {
  auto shape = Shape::make(std::move(extents));
  if (!shape.ok()) throw GraphError(op, shape.error().message);
  return std::move(shape).value();
}

double no_cost(const Node&, std::span<const ValueType>) {
  return 0;
}

std::vector<std::optional<Value>> flat_gradient(const GradientContext& context) {
  return std::vector<std::optional<Value>>(context.inputs.size());
}

OpCase op_case(std::vector<ValueType> inputs, Attributes attributes,
               std::vector<InputRange> ranges) {
  OpCase c;
  for (const ValueType& type : inputs) c.name += (c.name.empty() ? "" : " ") + type.to_string();
  if (!attributes.entries().empty()) c.name += (c.name.empty() ? "" : " ") + attributes.to_string();
  c.inputs = std::move(inputs);
  c.attributes = std::move(attributes);
  c.ranges = std::move(ranges);
  return c;
}

std::vector<OpCase> with_rounded_factors(std::vector<OpCase> cases) {
  const std::size_t plain = cases.size();
  const auto add = [&](const std::string& factors, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      OpCase c = cases[i];
      c.attributes.set(factors, std::int64_t{1});
      c.name += ", " + factors;
      cases.push_back(std::move(c));
    }
  };
  constexpr std::size_t kOfFp16 = 6;  // the kernels are those of bf16 but for the rounding
  add("bf16", plain);
  add("fp16", std::min(plain, kOfFp16));
  return cases;
}

OpInfo logits_op(std::string_view name, decltype(OpInfo::infer) infer,
                 decltype(OpInfo::cases) cases) {
  OpInfo info;
  info.name = name;
  info.infer = infer;
  info.flops = per_input_element<13>;
  info.cases = cases;
  return info;
}

std::vector<OpCase> logits_cases(const std::vector<ValueType>& inputs, const InputRange& second) {
  std::vector<OpCase> both;
  for (const double reach : {4.0, 300.0}) {
    both.push_back(op_case(inputs, {}, {{-reach, reach}, second}));
    both.back().name += fmt::format(" within {}", reach);
  }
  return both;
}

}  // namespace bascule::detail
