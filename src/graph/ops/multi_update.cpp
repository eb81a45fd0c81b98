// multi_update: several updates by one optimizer that share its rate, as one node.
#include <algorithm>
#include <array>
#include <numeric>

#include <bascule/graph/fused_ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"
#include "graph/ops/optimizers.h"

namespace bascule {
namespace detail {

UpdateParts update_parts(const Attributes& attributes, std::size_t inputs) {
  constexpr std::string_view kName = "multi_update";
  const std::string& optimizer = attributes.text("optimizer");
  UpdateParts parts;
  parts.signature = find_update(optimizer);
  require(parts.signature != nullptr, kName, fmt::format("no optimizer {}", optimizer));
  parts.shared = 1 + (parts.signature->step ? 1U : 0U) + (is_gated(attributes) ? 1U : 0U);
  const std::size_t each = parts.weight_values() + 1;
  require(inputs >= parts.shared + each && (inputs - parts.shared) % each == 0, kName,
          fmt::format("{} arguments are not those of whole updates by {}", inputs, optimizer));
  parts.count = (inputs - parts.shared) / each;
  require(parts.count <= kMostMultiUpdates, kName,
          fmt::format("{} weights, more than {}", parts.count, kMostMultiUpdates));
  return parts;
}

std::vector<std::size_t> UpdateParts::inputs(std::size_t part) const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < weight_values(); ++i) all.push_back(first(part) + i);
  all.push_back(gradient(part));
  for (std::size_t i = 0; i < shared; ++i) all.push_back(gradient(count) + i);
  return all;
}

}  // namespace detail

namespace {

using detail::UpdateParts;
using detail::UpdateSignature;

std::vector<ValueType> infer(std::span<const ValueType> inputs, const Attributes& attributes) {
  const UpdateParts parts = detail::update_parts(attributes, inputs.size());
  std::vector<ValueType> outputs;
  for (std::size_t part = 0; part < parts.count; ++part) {
    std::vector<ValueType> own;
    for (const std::size_t i : parts.inputs(part)) own.push_back(inputs[i]);
    for (ValueType& type :
         detail::infer_update("multi_update", *parts.signature, own, detail::is_gated(attributes)))
      outputs.push_back(std::move(type));
  }
  return outputs;
}

double flops(const Node& node, std::span<const ValueType> inputs) {
  const UpdateParts parts = detail::update_parts(node.attributes, inputs.size());
  double all = 0;
  for (std::size_t part = 0; part < parts.count; ++part)
    all +=
        parts.signature->flops * static_cast<double>(node.outputs[parts.first(part)].shape.count());
  return all;
}

/// Cases of single updates that differ in their shapes alone, as one.
OpCase joined(const UpdateSignature& signature, std::span<const OpCase> singles, bool gated) {
  std::vector<ValueType> inputs;
  std::vector<InputRange> ranges;
  const auto take = [&](const OpCase& single, std::size_t i) {
    inputs.push_back(single.inputs[i]);
    ranges.push_back(single.ranges[i]);
  };
  const std::size_t values = 1 + signature.states;
  for (const OpCase& single : singles) {
    for (std::size_t i = 0; i < values; ++i) take(single, i);
  }
  for (const OpCase& single : singles) take(single, values);
  for (std::size_t i = values + 1; i < singles[0].inputs.size(); ++i) take(singles[0], i);
  Attributes attributes = singles[0].attributes;
  attributes.set("optimizer", std::string(signature.name));
  if (gated) {
    inputs.push_back(f32({}));
    ranges.push_back({0.25, 0.25});
    attributes.set("gated", std::int64_t{1});
  }
  return detail::op_case(std::move(inputs), std::move(attributes), std::move(ranges));
}

std::vector<OpCase> cases() {
  std::vector<OpCase> all;
  const std::array several = {Shape{7}, Shape{33, 100}, Shape{0, 3}, Shape{}, Shape{1500}};
  const std::vector<Shape> most(kMostMultiUpdates, Shape{5});
  for (const UpdateSignature& signature : detail::update_signatures()) {
    const auto add = [&](std::span<const Shape> shapes, bool gated) {
      const std::size_t variants = detail::update_cases(signature, {}).size();
      for (std::size_t variant = 0; variant < variants; ++variant) {
        std::vector<OpCase> singles;
        for (const Shape& shape : shapes)
          singles.push_back(detail::update_cases(signature, shape)[variant]);
        if (!singles[0].attributes.has("lazy")) all.push_back(joined(signature, singles, gated));
      }
    };
    add(several, false);
    add(several, true);
    add(std::array{Shape{33, 100}}, false);
    add(most, false);
  }
  return all;
}

}  // namespace

std::span<const OpInfo> multi_update_ops() {
  static const std::array ops = [] {
    OpInfo info;
    info.name = "multi_update";
    info.infer = infer;
    info.flops = flops;
    info.cases = cases;
    std::size_t values = 0;
    for (const UpdateSignature& signature : detail::update_signatures())
      values = std::max(values, 1 + signature.states);
    info.in_place.resize(kMostMultiUpdates * values);
    std::iota(info.in_place.begin(), info.in_place.end(), 0);
    return std::array{info};
  }();
  return ops;
}

}  // namespace bascule
