// Where values come from: input, variable, constant.
#include <array>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

std::vector<ValueType> infer(std::span<const ValueType>, const Attributes& attributes) {
  return {decode_type(attributes.integers("type"))};
}

OpInfo source(std::string_view name) {
  OpInfo info;
  info.name = name;
  info.infer = infer;
  info.gradient = detail::flat_gradient;
  info.flops = detail::no_cost;
  info.bytes = detail::no_cost;
  return info;
}

}  // namespace

std::span<const OpInfo> source_ops() {
  static const std::array ops = {source("input"), source("variable"), source("constant")};
  return ops;
}

}  // namespace bascule
