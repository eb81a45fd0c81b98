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
/// Dense and of a dtype that values may have: f32, bf16, i32, i64.
void require_dense(std::string_view op, const ValueType& type);
/// Dense and of this dtype.
void require_dense(std::string_view op, const ValueType& type, DType dtype);
/// A matrix of f32 in CSR.
void require_csr(std::string_view op, const ValueType& type);
void require_rank(std::string_view op, const ValueType& type, std::size_t rank);
void require_shape(std::string_view op, const ValueType& type, const Shape& shape);
/// Extents that were computed or given; GraphError when they are negative or too many elements.
Shape make_shape(std::string_view op, std::vector<std::int64_t> extents);

/// A rule for flops or bytes: nothing happens.
double no_cost(const Node& node, std::span<const ValueType> inputs);
/// A rule for flops: so many per element of the first input.
template <int kFlops>
double per_input_element(const Node&, std::span<const ValueType> inputs) {
  return kFlops * static_cast<double>(inputs[0].shape.count());
}
/// A gradient rule: no input has one.
std::vector<std::optional<Value>> flat_gradient(const GradientContext& context);

/// A case named after the shapes of its inputs and its attributes.
OpCase op_case(std::vector<ValueType> inputs, Attributes attributes = {},
               std::vector<InputRange> ranges = {});
/// The cases of a product, the same with operands that it rounds to bf16, and the first ones with
/// operands that it rounds to fp16.
std::vector<OpCase> with_rounded_factors(std::vector<OpCase> cases);

/// A loss of rows of logits, or its gradient.
OpInfo logits_op(std::string_view name, decltype(OpInfo::infer) infer,
                 decltype(OpInfo::cases) cases);
/// Cases with logits of common size, and so large that their exponentials overflow; `second` is the
/// range of what they are compared with.
std::vector<OpCase> logits_cases(const std::vector<ValueType>& inputs, const InputRange& second);

}  // namespace bascule::detail
