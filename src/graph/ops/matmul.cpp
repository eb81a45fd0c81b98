// Products of matrices.
#include <array>

#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

constexpr std::string_view kName = "matmul";

struct Extents {
  std::int64_t m, n, k;
};

Extents extents(std::span<const ValueType> inputs, const Attributes& attributes) {
  const Shape &a = inputs[0].shape, &b = inputs[1].shape;
  const bool ta = attributes.flag("transpose_a"), tb = attributes.flag("transpose_b");
  return {a[ta ? 1 : 0], b[tb ? 0 : 1], a[ta ? 0 : 1]};
}

std::vector<ValueType> infer(std::span<const ValueType> inputs, const Attributes& attributes) {
  detail::require_count(kName, inputs, 2);
  for (const ValueType& type : inputs) {
    detail::require_dense(kName, type, DType::kF32);
    detail::require(type.shape.rank() == 2, kName,
                    fmt::format("{} is not a matrix", type.shape.to_string()));
  }
  const Extents e = extents(inputs, attributes);
  const std::int64_t other = inputs[1].shape[attributes.flag("transpose_b") ? 1 : 0];
  detail::require(
      e.k == other, kName,
      fmt::format("{}{} and {}{} do not fit", inputs[0].shape.to_string(),
                  attributes.flag("transpose_a") ? "ᵀ" : "", inputs[1].shape.to_string(),
                  attributes.flag("transpose_b") ? "ᵀ" : ""));
  return {f32({e.m, e.n})};
}

// C = op(A) op(B): dA = dC op(B)ᵀ, dB = op(A)ᵀ dC, each transposed again where A or B was.
std::vector<std::optional<Value>> gradient(const GradientContext& context) {
  const Value &a = context.inputs[0], &b = context.inputs[1], &g = context.gradients[0];
  const bool ta = context.attributes.flag("transpose_a");
  const bool tb = context.attributes.flag("transpose_b");
  return {ta ? matmul(b, g, tb, true) : matmul(g, b, false, !tb),
          tb ? matmul(g, a, true, ta) : matmul(a, g, !ta, false)};
}

double flops(const Node& node, std::span<const ValueType> inputs) {
  const Extents e = extents(inputs, node.attributes);
  return 2.0 * static_cast<double>(e.m) * static_cast<double>(e.n) * static_cast<double>(e.k);
}

std::vector<OpCase> cases() {
  std::vector<OpCase> all;
  for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{1, 1, 1},
                                {3, 5, 7},
                                {17, 33, 129},
                                {32, 500, 64},
                                {1, 100, 300},
                                {128, 10, 100}}) {
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        OpCase c;
        c.inputs = {f32(ta ? Shape{k, m} : Shape{m, k}), f32(tb ? Shape{n, k} : Shape{k, n})};
        c.attributes = {{"transpose_a", std::int64_t{ta}}, {"transpose_b", std::int64_t{tb}}};
        c.name = fmt::format("{}{} x {}{}", c.inputs[0].shape.to_string(), ta ? "T" : "",
                             c.inputs[1].shape.to_string(), tb ? "T" : "");
        all.push_back(std::move(c));
      }
    }
  }
  return detail::with_rounded_factors(std::move(all));
}

}  // namespace

std::span<const OpInfo> matmul_ops() {
  static const std::array ops = {[] {
    OpInfo info;
    info.name = kName;
    info.infer = infer;
    info.gradient = gradient;
    info.flops = flops;
    info.cases = cases;
    info.product = true;
    return info;
  }()};
  return ops;
}

bool multiplies_bf16(const Node& node) {
  return node.attributes.has("bf16") && node.attributes.flag("bf16");
}

bool multiplies_fp16(const Node& node) {
  return node.attributes.has("fp16") && node.attributes.flag("fp16");
}

Value matmul(const Value& a, const Value& b, bool transpose_a, bool transpose_b) {
  return a.graph().add_one(
      kName, std::array{a, b},
      {{"transpose_a", std::int64_t{transpose_a}}, {"transpose_b", std::int64_t{transpose_b}}});
}

}  // namespace bascule
