#pragma once
// What declarations of ops share.
#include <fmt/format.h>

#include <bascule/graph/op.h>

namespace bascule::detail {

/// NumPy's broadcasting of two shapes; GraphError of `op` when they do not fit.
Shape broadcast(std::string_view op, const Shape& a, const Shape& b);
/// Between 0 and rank − 1; GraphError otherwise.
std::int64_t normalise_axis(std::string_view op, std::int64_t axis, std::size_t rank);
void require(bool holds, std::string_view op, const std::string& message);
void require_count(std::string_view op, std::span<const ValueType> inputs, std::size_t count);
/// Dense and of this dtype.
void require_dense(std::string_view op, const ValueType& type, DType dtype);

}  // namespace bascule::detail
