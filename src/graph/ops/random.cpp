// Random values and the counter that drives them. Attributes: "shape", "seed", "stream" (both as
// the same 64 bits, signed), dropout_mask also "rate".
#include <array>

#include <bascule/graph/ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

using detail::op_case;
enum class Kind { kUniform, kNormal, kDropout };

constexpr std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::kUniform:
      return "random_uniform";
    case Kind::kNormal:
      return "random_normal";
    case Kind::kDropout:
      return "dropout_mask";
  }
  return {};
}

template <Kind kKind>
std::vector<ValueType> infer(std::span<const ValueType> inputs, const Attributes& attributes) {
  constexpr std::string_view kName = name(kKind);
  detail::require_count(kName, inputs, 1);
  detail::require_dense(kName, inputs[0], DType::kI64);
  detail::require_shape(kName, inputs[0], {});
  if constexpr (kKind == Kind::kDropout) {
    const double rate = attributes.number("rate");
    detail::require(rate >= 0 && rate < 1, kName, fmt::format("rate {} not in [0, 1)", rate));
  }
  return {f32(detail::make_shape(kName, attributes.integers("shape")))};
}

Attributes draw(const Shape& shape, std::uint64_t seed, std::uint64_t stream) {
  return {{"shape", shape.extents()},
          {"seed", static_cast<std::int64_t>(seed)},
          {"stream", static_cast<std::int64_t>(stream)}};
}

template <Kind kKind>
std::vector<OpCase> cases() {
  std::vector<OpCase> all;
  std::uint64_t seed = 1;
  for (const Shape& shape : {Shape{}, {7}, {6, 17}, {33, 100}, {2, 3, 4, 5}, {0, 3}}) {
    // Seeds beyond 32 bits: both words of the key count.
    Attributes attributes = draw(shape, seed, seed >> 3);
    if (kKind == Kind::kDropout) attributes.set("rate", 0.3);
    all.push_back(op_case({i64({})}, std::move(attributes), {{0, 1e6}}));
    all.back().tolerance = kKind == Kind::kNormal ? 1e-6 : 0;
    seed *= 0x9E3779B97F4A7C15;
  }
  return all;
}

/// A Philox block of four words costs about 100 integer operations.
template <int kFlops>
double per_element(const Node& node, std::span<const ValueType>) {
  return kFlops * static_cast<double>(node.outputs[0].shape.count());
}

template <Kind kKind>
OpInfo declare() {
  OpInfo info;
  info.name = name(kKind);
  info.infer = infer<kKind>;
  info.gradient = detail::flat_gradient;
  info.flops = per_element<(kKind == Kind::kNormal ? 45 : 25)>;
  info.cases = cases<kKind>;
  info.random = true;
  return info;
}

std::vector<ValueType> infer_increment(std::span<const ValueType> inputs, const Attributes&) {
  detail::require_count("increment", inputs, 1);
  detail::require_dense("increment", inputs[0], DType::kI64);
  return {inputs[0]};
}
std::vector<OpCase> increment_cases() {
  return {op_case({i64({})}, {}, {{0, 1e6}}), op_case({i64({5})}, {}, {{-3, 3}})};
}
OpInfo declare_increment() {
  OpInfo info;
  info.name = "increment";
  info.infer = infer_increment;
  info.cases = increment_cases;
  info.in_place = {0};
  return info;
}

}  // namespace

std::span<const OpInfo> random_ops() {
  static const std::array ops = {declare<Kind::kUniform>(), declare<Kind::kNormal>(),
                                 declare<Kind::kDropout>(), declare_increment()};
  return ops;
}

Value random_uniform(const Value& step, const Shape& shape, std::uint64_t seed,
                     std::uint64_t stream) {
  return step.graph().add_one("random_uniform", std::array{step}, draw(shape, seed, stream));
}

Value random_normal(const Value& step, const Shape& shape, std::uint64_t seed,
                    std::uint64_t stream) {
  return step.graph().add_one("random_normal", std::array{step}, draw(shape, seed, stream));
}

Value dropout_mask(const Value& step, const Shape& shape, double rate, std::uint64_t seed,
                   std::uint64_t stream) {
  Attributes attributes = draw(shape, seed, stream);
  attributes.set("rate", rate);
  return step.graph().add_one("dropout_mask", std::array{step}, std::move(attributes));
}

Value increment(const Value& step) {
  return step.graph().add_one("increment", std::array{step});
}

}  // namespace bascule
