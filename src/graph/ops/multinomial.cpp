// The negative log-likelihood of counts under a multinomial distribution, given its logits.
#include <array>

#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

void require_inputs(std::string_view op, std::span<const ValueType> inputs) {
  detail::require_dense(op, inputs[0], DType::kF32);
  detail::require_rank(op, inputs[0], 2);
  detail::require_csr(op, inputs[1]);
  detail::require_shape(op, inputs[1], inputs[0].shape);
}

std::vector<ValueType> infer_loss(std::span<const ValueType> inputs, const Attributes&) {
  detail::require_count("multinomial_nll", inputs, 2);
  require_inputs("multinomial_nll", inputs);
  return {f32({inputs[0].shape[0]})};
}
std::vector<std::optional<Value>> gradient(const GradientContext& c) {
  return {
      c.graph.add_one("multinomial_nll_grad", std::array{c.inputs[0], c.inputs[1], c.gradients[0]}),
      std::nullopt};
}

void require_slope(std::string_view op, std::span<const ValueType> inputs) {
  detail::require_count(op, inputs, 3);
  require_inputs(op, inputs);
  detail::require_dense(op, inputs[2], DType::kF32);
  detail::require_shape(op, inputs[2], {inputs[0].shape[0]});
}
std::vector<ValueType> infer_grad(std::span<const ValueType> inputs, const Attributes&) {
  require_slope("multinomial_nll_grad", inputs);
  return {inputs[0]};
}
/// The gradient, and the loss of each row.
std::vector<ValueType> infer_both(std::span<const ValueType> inputs, const Attributes&) {
  require_slope("multinomial_nll_and_grad", inputs);
  return {inputs[0], inputs[2]};
}

std::vector<OpCase> cases(bool gradient) {
  std::vector<OpCase> all;
  for (const auto& [rows, columns, capacity] :
       {std::array<std::int64_t, 3>{1, 1, 1}, {7, 5, 9}, {128, 10, 0}, {3, 4000, 300}, {0, 4, 0}}) {
    std::vector<ValueType> inputs = {f32({rows, columns}), csr_f32({rows, columns}, capacity)};
    if (gradient) inputs.push_back(f32({rows}));
    for (OpCase& one : detail::logits_cases(inputs, {0.5, 3})) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::span<const OpInfo> multinomial_ops() {
  static const std::array ops = [] {
    OpInfo loss = detail::logits_op("multinomial_nll", infer_loss, [] { return cases(false); });
    loss.gradient = gradient;
    OpInfo slope =
        detail::logits_op("multinomial_nll_grad", infer_grad, [] { return cases(true); });
    slope.in_place = {0};
    OpInfo both = slope;
    both.name = "multinomial_nll_and_grad";
    both.infer = infer_both;
    return std::array{loss, slope, both};
  }();
  return ops;
}

Value multinomial_nll(const Value& logits, const Value& counts) {
  return logits.graph().add_one("multinomial_nll", std::array{logits, counts});
}

}  // namespace bascule
