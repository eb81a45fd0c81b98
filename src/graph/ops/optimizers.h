#pragma once
// The signatures of optimizer updates, which the products that spend their result at once share.
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

/// Whether an update op has a last input more, the gate (f32 scalar): where it is 0 everything
/// stays as it was, otherwise the gradient is multiplied by it. The pass loss_scale sets the
/// attribute "gated".
bool is_gated(const Attributes& attributes);

/// Checks inputs in that order; GraphError of `op`. Returns the types of the outputs.
std::vector<ValueType> infer_update(std::string_view op, const UpdateSignature& signature,
                                    std::span<const ValueType> inputs, bool gated = false);
/// Conformance cases for a weight of this shape.
std::vector<OpCase> update_cases(const UpdateSignature& signature, const Shape& shape);

// Updates joined to the product that gives their gradient (linear_update). Inputs are its two
// factors, then those of the update op but the gradient; the attribute "optimizer" names that op.
/// `gradient` is the type of the product.
std::vector<ValueType> infer_joined_update(std::string_view op, const Attributes& attributes,
                                           std::span<const ValueType> inputs,
                                           const ValueType& gradient);
/// Of the update alone.
double joined_update_flops(const Node& node);
/// Cases of every optimizer for these factors, whose product has the shape `weight`.
std::vector<OpCase> joined_update_cases(std::span<const ValueType> factors, const Shape& weight);

/// Where a multi_update has the arguments and results of its parts.
struct UpdateParts {
  const UpdateSignature* signature = nullptr;
  std::size_t count = 0;
  std::size_t shared = 0;  ///< last inputs, of all parts: lr, step, gate

  /// A weight and its states.
  [[nodiscard]] std::size_t weight_values() const { return 1 + signature->states; }
  /// The weight of a part, both among inputs and outputs; its states follow.
  [[nodiscard]] std::size_t first(std::size_t part) const { return part * weight_values(); }
  [[nodiscard]] std::size_t gradient(std::size_t part) const { return first(count) + part; }
  /// The inputs of a part in the order of the optimizer's own op.
  [[nodiscard]] std::vector<std::size_t> inputs(std::size_t part) const;
};
/// For so many inputs; GraphError of multi_update when there is no such node.
UpdateParts update_parts(const Attributes& attributes, std::size_t inputs);

}  // namespace bascule::detail
