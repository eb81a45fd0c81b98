#pragma once
// The signatures of optimizer updates, which linear_update shares.
#include <span>
#include <string_view>
#include <vector>

#include <bascule/graph/op.h>

namespace bascule::detail {

struct UpdateSignature {
  std::string_view name;
  std::size_t states;  ///< values like w that come after it: momentum, second moments
  bool step;           ///< takes the i64 step as its last input
  int flops;           ///< per element
};
/// All inputs are in the order w, states …, gradient, lr, (step).
std::span<const UpdateSignature> update_signatures();
/// Null when no optimizer has this name.
const UpdateSignature* find_update(std::string_view name);

/// Checks inputs in that order; GraphError of `op`. Returns the types of the outputs.
std::vector<ValueType> infer_update(std::string_view op, const UpdateSignature& signature,
                                    std::span<const ValueType> inputs);
/// Conformance cases for a weight of this shape.
std::vector<OpCase> update_cases(const UpdateSignature& signature, const Shape& shape);

}  // namespace bascule::detail
