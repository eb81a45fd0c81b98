// sparse_cross_entropy and its gradient; see fused_ops.h.
#include <array>

#include <bascule/graph/fused_ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

void require_logits(std::string_view op, std::span<const ValueType> inputs) {
  detail::require_dense(op, inputs[0], DType::kF32);
  detail::require_rank(op, inputs[0], 2);
  detail::require_dense(op, inputs[1], DType::kI32);
  detail::require_shape(op, inputs[1], {inputs[0].shape[0]});
}

std::vector<ValueType> infer_loss(std::span<const ValueType> inputs, const Attributes&) {
  detail::require_count("sparse_cross_entropy", inputs, 2);
  require_logits("sparse_cross_entropy", inputs);
  return {f32(inputs[1].shape)};
}

std::vector<ValueType> infer_grad(std::span<const ValueType> inputs, const Attributes&) {
  constexpr std::string_view kName = "sparse_cross_entropy_grad";
  detail::require_count(kName, inputs, 3);
  require_logits(kName, inputs);
  detail::require_dense(kName, inputs[2], DType::kF32);
  detail::require_shape(kName, inputs[2], inputs[1].shape);
  return {inputs[0]};
}

std::vector<OpCase> cases(bool gradient) {
  std::vector<OpCase> all;
  for (const auto& [rows, classes] :
       {std::array<std::int64_t, 2>{1, 1}, {7, 5}, {128, 10}, {3, 1000}, {0, 4}}) {
    std::vector<ValueType> inputs = {f32({rows, classes}), i32({rows})};
    if (gradient) inputs.push_back(f32({rows}));
    // One label beyond either end: rows that are masked.
    for (OpCase& one : detail::logits_cases(inputs, {-1, static_cast<double>(classes + 1)}))
      all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::span<const OpInfo> cross_entropy_ops() {
  static const std::array ops = [] {
    OpInfo gradient =
        detail::logits_op("sparse_cross_entropy_grad", infer_grad, [] { return cases(true); });
    gradient.in_place = {0};
    return std::array{
        detail::logits_op("sparse_cross_entropy", infer_loss, [] { return cases(false); }),
        gradient};
  }();
  return ops;
}

}  // namespace bascule
