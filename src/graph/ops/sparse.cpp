// Products with a sparse matrix, the input of a network whose samples are sets.
#include <array>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"
#include "graph/ops/optimizers.h"

namespace bascule {
namespace {

using detail::op_case;

/// x [M, K] in CSR and a dense matrix of `rows` rows.
void require_factors(std::string_view op, std::span<const ValueType> inputs, std::size_t axis) {
  detail::require_csr(op, inputs[0]);
  detail::require_dense(op, inputs[1], DType::kF32);
  detail::require_rank(op, inputs[1], 2);
  detail::require(inputs[0].shape[axis] == inputs[1].shape[0], op,
                  fmt::format("{}{} and {} do not fit", inputs[0].shape.to_string(),
                              axis == 0 ? "ᵀ" : "", inputs[1].shape.to_string()));
}

/// With as many stored elements as there may be.
double flops(const Node&, std::span<const ValueType> inputs) {
  return 2.0 * static_cast<double>(inputs[0].capacity) * static_cast<double>(inputs[1].shape[1]);
}

std::vector<ValueType> infer_product(std::span<const ValueType> inputs, const Attributes&) {
  detail::require_count("sparse_matmul", inputs, 2);
  require_factors("sparse_matmul", inputs, 1);
  return {f32({inputs[0].shape[0], inputs[1].shape[1]})};
}
std::vector<std::optional<Value>> product_gradient(const GradientContext& c) {
  return {std::nullopt, sparse_matmul_transposed(c.inputs[0], c.gradients[0])};
}

/// The type of xᵀ dy.
ValueType transposed_type(std::string_view op, std::span<const ValueType> inputs) {
  require_factors(op, inputs, 0);
  return f32({inputs[0].shape[1], inputs[1].shape[1]});
}
std::vector<ValueType> infer_transposed(std::span<const ValueType> inputs, const Attributes&) {
  detail::require_count("sparse_matmul_transposed", inputs, 2);
  return {transposed_type("sparse_matmul_transposed", inputs)};
}
std::vector<std::optional<Value>> transposed_gradient(const GradientContext& c) {
  return {std::nullopt, sparse_matmul(c.inputs[0], c.gradients[0])};
}

struct Extents {
  std::int64_t m, k, n, capacity;
};
constexpr std::array kCases = {Extents{1, 1, 1, 1},         Extents{3, 5, 7, 6},
                               Extents{17, 129, 33, 0},     Extents{32, 500, 64, 900},
                               Extents{100, 40, 600, 2500}, Extents{0, 4, 3, 0}};

/// x [m, k] with a matrix of m rows, if `transposed`, or of k rows.
std::vector<OpCase> cases(bool transposed) {
  std::vector<OpCase> all;
  all.reserve(kCases.size());
  for (const Extents& e : kCases)
    all.push_back(op_case({csr_f32({e.m, e.k}, e.capacity), f32({transposed ? e.m : e.k, e.n})}));
  return all;
}

std::vector<ValueType> infer_update_op(std::span<const ValueType> inputs,
                                       const Attributes& attributes) {
  constexpr std::string_view kName = "sparse_update";
  detail::require(inputs.size() > 2, kName, "no factors");
  return detail::infer_joined_update(kName, attributes, inputs, transposed_type(kName, inputs));
}
double update_flops(const Node& node, std::span<const ValueType> inputs) {
  return flops(node, inputs) + detail::joined_update_flops(node);
}
std::vector<OpCase> update_cases() {
  std::vector<OpCase> all;
  for (const Extents& e : kCases) {
    if (e.m == 0) continue;
    const std::array factors = {csr_f32({e.m, e.k}, e.capacity), f32({e.m, e.n})};
    for (OpCase& one : detail::joined_update_cases(factors, {e.k, e.n}))
      all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::span<const OpInfo> sparse_ops() {
  static const std::array ops = [] {
    OpInfo product, transposed, update;
    product.name = "sparse_matmul";
    product.infer = infer_product;
    product.gradient = product_gradient;
    product.flops = flops;
    product.cases = [] { return cases(false); };
    transposed.name = "sparse_matmul_transposed";
    transposed.infer = infer_transposed;
    transposed.gradient = transposed_gradient;
    transposed.flops = flops;
    transposed.cases = [] { return cases(true); };
    update.name = "sparse_update";
    update.infer = infer_update_op;
    update.flops = update_flops;
    update.cases = update_cases;
    update.in_place = {2, 3, 4};  // w and its states, as far as the optimizer has them
    return std::array{product, transposed, update};
  }();
  return ops;
}

Value sparse_matmul(const Value& x, const Value& w) {
  return w.graph().add_one("sparse_matmul", std::array{x, w});
}
Value sparse_matmul_transposed(const Value& x, const Value& y) {
  return y.graph().add_one("sparse_matmul_transposed", std::array{x, y});
}

}  // namespace bascule
