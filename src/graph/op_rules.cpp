#include "graph/op_rules.h"

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
  auto shape = Shape::make(std::move(extents));
  if (!shape.ok()) throw GraphError(op, shape.error().message);
  return std::move(shape).value();
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

void require_dense(std::string_view op, const ValueType& type, DType dtype) {
  require(type.storage == Storage::kDense && type.dtype == dtype, op,
          fmt::format("an argument is {}, {} expected", type.to_string(), dtype_name(dtype)));
}

}  // namespace bascule::detail
