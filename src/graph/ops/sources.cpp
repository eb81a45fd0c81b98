// Where values come from: input, variable, constant.
#include <array>

#include "graph/op_table.h"

namespace bascule {
namespace {

std::vector<ValueType> infer(std::span<const ValueType>, const Attributes& attributes) {
  return {decode_type(attributes.integers("type"))};
}

double nothing(const Node&, std::span<const ValueType>) {
  return 0;
}

std::vector<std::optional<Value>> no_gradient(const GradientContext&) {
  return {};
}

OpInfo source(std::string_view name) {
  OpInfo info;
  info.name = name;
  info.infer = infer;
  info.gradient = no_gradient;
  info.flops = nothing;
  info.bytes = nothing;
  return info;
}

}  // namespace

std::span<const OpInfo> source_ops() {
  static const std::array ops = {source("input"), source("variable"), source("constant")};
  return ops;
}

}  // namespace bascule
