// Products with what comes before and after them; see fused_ops.h.
#include <array>

#include <bascule/graph/fused_ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"
#include "graph/ops/optimizers.h"

namespace bascule {
namespace {

using detail::op_case;

void require_matrices(std::string_view op, std::span<const ValueType> inputs, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    detail::require_dense(op, inputs[i], DType::kF32);
    detail::require_rank(op, inputs[i], 2);
  }
}

/// "activation" names a function of so many operands, or none.
void require_activation(std::string_view op, const Attributes& attributes, int operands) {
  const std::string& name = attributes.text("activation");
  if (name.empty()) return;
  const ElementOpInfo* info = find_element_op(name);
  detail::require(info != nullptr && info->operands == operands, op,
                  fmt::format("no activation {}", name));
}

double product_flops(const Shape& a, std::int64_t columns) {
  return 2.0 * static_cast<double>(a.count()) * static_cast<double>(columns);
}

std::vector<ValueType> infer_linear(std::span<const ValueType> inputs,
                                    const Attributes& attributes) {
  detail::require(inputs.size() == 2 || inputs.size() == 3, "linear",
                  fmt::format("{} arguments, 2 or 3 expected", inputs.size()));
  require_matrices("linear", inputs, 2);
  const Shape &x = inputs[0].shape, &w = inputs[1].shape;
  detail::require(x[1] == w[0], "linear",
                  fmt::format("{} and {} do not fit", x.to_string(), w.to_string()));
  if (inputs.size() == 3) {
    detail::require_dense("linear", inputs[2], DType::kF32);
    detail::require_shape("linear", inputs[2], {w[1]});
  }
  require_activation("linear", attributes, 1);
  return {f32({x[0], w[1]})};
}
/// Also those of xᵀ dy: every element of x meets every column of the other operand.
double linear_flops(const Node&, std::span<const ValueType> inputs) {
  return product_flops(inputs[0].shape, inputs[1].shape[1]);
}
std::vector<OpCase> linear_cases() {
  const auto one = [](std::int64_t m, std::int64_t k, std::int64_t n, bool bias,
                      std::string activation, double parameter) {
    std::vector<ValueType> inputs = {f32({m, k}), f32({k, n})};
    if (bias) inputs.push_back(f32({n}));
    return op_case(std::move(inputs),
                   {{"activation", std::move(activation)}, {"parameter", parameter}});
  };
  return detail::with_rounded_factors(
      {one(1, 1, 1, true, "", 0), one(3, 5, 7, false, "relu", 0), one(17, 33, 129, true, "", 0),
       one(32, 64, 500, true, "leaky_relu", 0.1), one(1, 300, 100, true, "tanh", 0),
       one(128, 100, 10, true, "sigmoid", 0), one(8, 20, 16, true, "gelu", 0),
       one(8, 20, 16, true, "elu", 0.7), one(0, 4, 3, true, "relu", 0), one(2, 0, 3, true, "", 0)});
}

std::vector<ValueType> infer_input_grad(std::span<const ValueType> inputs,
                                        const Attributes& attributes) {
  constexpr std::string_view kName = "linear_input_grad";
  require_activation(kName, attributes, 2);
  detail::require_count(kName, inputs, attributes.text("activation").empty() ? 2 : 3);
  require_matrices(kName, inputs, inputs.size());
  const Shape &dy = inputs[0].shape, &w = inputs[1].shape;
  detail::require(dy[1] == w[1], kName,
                  fmt::format("{} and {}ᵀ do not fit", dy.to_string(), w.to_string()));
  const ValueType dx = f32({dy[0], w[0]});
  if (inputs.size() == 3) detail::require_shape(kName, inputs[2], dx.shape);
  return {dx};
}
double input_grad_flops(const Node&, std::span<const ValueType> inputs) {
  return product_flops(inputs[0].shape, inputs[1].shape[0]);
}
std::vector<OpCase> input_grad_cases() {
  const auto one = [](std::int64_t m, std::int64_t k, std::int64_t n, std::string activation,
                      double parameter) {
    std::vector<ValueType> inputs = {f32({m, n}), f32({k, n})};
    if (!activation.empty()) inputs.push_back(f32({m, k}));
    return op_case(std::move(inputs),
                   {{"activation", std::move(activation)}, {"parameter", parameter}});
  };
  return detail::with_rounded_factors(
      {one(1, 1, 1, "", 0), one(3, 5, 7, "relu_grad", 0), one(17, 33, 129, "", 0),
       one(32, 500, 64, "leaky_relu_grad", 0.1), one(128, 100, 10, "tanh_grad", 0),
       one(8, 20, 16, "gelu_grad", 0), one(2, 3, 0, "sigmoid_grad", 0), one(0, 3, 4, "", 0)});
}

/// The type of xᵀ dy.
ValueType weight_grad_type(std::string_view op, std::span<const ValueType> inputs) {
  require_matrices(op, inputs, 2);
  const Shape &x = inputs[0].shape, &dy = inputs[1].shape;
  detail::require(x[0] == dy[0], op,
                  fmt::format("{}ᵀ and {} do not fit", x.to_string(), dy.to_string()));
  return f32({x[1], dy[1]});
}
std::vector<ValueType> infer_weight_grad(std::span<const ValueType> inputs, const Attributes&) {
  detail::require_count("linear_weight_grad", inputs, 2);
  return {weight_grad_type("linear_weight_grad", inputs)};
}
std::vector<OpCase> weight_grad_cases() {
  const auto one = [](std::int64_t m, std::int64_t k, std::int64_t n) {
    return op_case({f32({m, k}), f32({m, n})});
  };
  return detail::with_rounded_factors({one(1, 1, 1), one(3, 5, 7), one(17, 33, 129),
                                       one(32, 500, 64), one(128, 100, 10), one(2, 784, 30),
                                       one(0, 3, 4)});
}

std::vector<ValueType> infer_update_op(std::span<const ValueType> inputs,
                                       const Attributes& attributes) {
  constexpr std::string_view kName = "linear_update";
  detail::require(inputs.size() > 2, kName, "no factors");
  return detail::infer_joined_update(kName, attributes, inputs, weight_grad_type(kName, inputs));
}
double update_flops(const Node& node, std::span<const ValueType> inputs) {
  return product_flops(inputs[0].shape, inputs[1].shape[1]) + detail::joined_update_flops(node);
}
std::vector<OpCase> linear_update_cases() {
  std::vector<OpCase> all;
  for (const auto& [m, k, n] :
       {std::array<std::int64_t, 3>{3, 5, 7}, {17, 33, 129}, {32, 64, 100}, {2, 300, 10}}) {
    const std::array factors = {f32({m, k}), f32({m, n})};
    for (OpCase& one : detail::joined_update_cases(factors, {k, n}))
      if (!one.attributes.has("lazy")) all.push_back(std::move(one));
  }
  return detail::with_rounded_factors(std::move(all));
}

OpInfo product_op(std::string_view name, decltype(OpInfo::infer) infer,
                  decltype(OpInfo::flops) flops, decltype(OpInfo::cases) cases) {
  OpInfo info;
  info.name = name;
  info.infer = infer;
  info.flops = flops;
  info.cases = cases;
  info.product = true;
  return info;
}

}  // namespace

std::span<const OpInfo> linear_ops() {
  static const std::array ops = [] {
    OpInfo update = product_op("linear_update", infer_update_op, update_flops, linear_update_cases);
    update.in_place = {2, 3, 4};  // w and its states, as far as the optimizer has them
    return std::array{
        product_op("linear", infer_linear, linear_flops, linear_cases),
        product_op("linear_input_grad", infer_input_grad, input_grad_flops, input_grad_cases),
        product_op("linear_weight_grad", infer_weight_grad, linear_flops, weight_grad_cases),
        update};
  }();
  return ops;
}

}  // namespace bascule
