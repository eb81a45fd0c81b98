// map: a short program over elements; see fused_ops.h.
#include <array>

#include <bascule/graph/fused_ops.h>

#include "graph/op_rules.h"
#include "graph/op_table.h"

namespace bascule {
namespace {

constexpr std::string_view kName = "map";
constexpr std::size_t kWords = 5;

MapCode decode(const Attributes& attributes, std::size_t inputs) {
  MapCode code;
  code.inputs = static_cast<std::int32_t>(inputs);
  const auto& words = attributes.integers("code");
  const auto& parameters = attributes.numbers("parameters");
  const auto narrow = [](std::int64_t word) { return static_cast<std::int32_t>(word); };
  detail::require(words.size() % kWords == 0, kName, "the code is cut off");
  for (std::size_t i = 0; i < words.size(); i += kWords) {
    detail::require(words[i] >= 0 && words[i] < static_cast<std::int64_t>(element_ops().size()),
                    kName, fmt::format("no element op {}", words[i]));
    MapInstruction instruction{static_cast<ElementOp>(words[i]), narrow(words[i + 1]),
                               narrow(words[i + 2]), narrow(words[i + 3])};
    if (words[i + 4] >= 0) {
      detail::require(words[i + 4] < static_cast<std::int64_t>(parameters.size()), kName,
                      fmt::format("no parameter {}", words[i + 4]));
      instruction.parameter = parameters[static_cast<std::size_t>(words[i + 4])];
    }
    code.instructions.push_back(instruction);
  }
  for (const std::int64_t result : attributes.integers("results"))
    code.outputs.push_back(narrow(result));
  return code;
}

void check(const MapCode& code) {
  std::int32_t registers = code.inputs;
  const auto written = [&](std::int32_t place) {
    detail::require(place >= 0 && place < registers, kName,
                    fmt::format("register {} is read before it is written", place));
  };
  for (const MapInstruction& instruction : code.instructions) {
    const int operands = element_op_info(instruction.op).operands;
    written(instruction.a);
    if (operands > 1) written(instruction.b);
    if (operands > 2) written(instruction.c);
    ++registers;
  }
  detail::require(!code.outputs.empty(), kName, "no results");
  for (const std::int32_t result : code.outputs) written(result);
}

bool broadcasts_simply(const Shape& from, const Shape& to) {
  const std::size_t rank = to.rank();
  const bool row = from.rank() > 0 && rank > 0 && from[from.rank() - 1] == to[rank - 1] &&
                   from.count() == to[rank - 1];
  const bool column = from.rank() == 2 && rank == 2 && from[0] == to[0] && from[1] == 1;
  return from == to || from.count() == 1 || row || column;
}

std::vector<ValueType> infer(std::span<const ValueType> inputs, const Attributes& attributes) {
  detail::require(!inputs.empty(), kName, "no arguments");
  Shape shape = inputs[0].shape;
  for (const ValueType& type : inputs) {
    detail::require_dense(kName, type, DType::kF32);
    shape = detail::broadcast(kName, shape, type.shape);
  }
  for (const ValueType& type : inputs)
    detail::require(broadcasts_simply(type.shape, shape), kName,
                    fmt::format("{} is neither scalar, row nor column of {}",
                                type.shape.to_string(), shape.to_string()));
  const MapCode code = decode(attributes, inputs.size());
  check(code);
  return std::vector<ValueType>(code.outputs.size(), f32(shape));
}

double flops(const Node& node, std::span<const ValueType>) {
  double each = 0;
  for (const MapInstruction& instruction : map_code(node).instructions)
    each += element_op_info(instruction.op).flops;
  return each * static_cast<double>(node.outputs[0].shape.count());
}

std::vector<OpCase> cases() {
  using Op = ElementOp;
  // Two operands and a scalar, row or column: relu(a · b + c), and a select with two results.
  const MapCode chain{
      3, {{Op::kMultiply, 0, 1}, {Op::kAdd, 3, 2}, {Op::kLeakyRelu, 4, 0, 0, 0.1}}, {5}};
  const MapCode two{
      3,
      {{Op::kTanh, 0}, {Op::kGreater, 1, 2}, {Op::kSelect, 4, 3, 1}, {Op::kScale, 3, 0, 0, -2}},
      {5, 6}};
  std::vector<OpCase> all;
  for (const MapCode& code : {chain, two}) {
    const Attributes attributes = map_attributes(code);
    for (const auto& shapes : std::vector<std::array<Shape, 3>>{{{{6, 17}, {6, 17}, {17}}},
                                                                {{{6, 17}, {}, {6, 1}}},
                                                                {{{33, 100}, {1, 100}, {33, 100}}},
                                                                {{{2, 3, 5}, {2, 3, 5}, {1, 1, 5}}},
                                                                {{{7}, {1}, {7}}},
                                                                {{{0, 4}, {4}, {0, 1}}}}) {
      OpCase c = detail::op_case({f32(shapes[0]), f32(shapes[1]), f32(shapes[2])}, attributes);
      // Far from each other: a comparison must not hang on a rounding.
      c.ranges = {{-2, 2}, {-2, 2, 0.01}, {-2, 2, 0.01}};
      all.push_back(std::move(c));
    }
  }
  return all;
}

}  // namespace

MapCode map_code(const Node& map) {
  return decode(map.attributes, map.inputs.size());
}

Attributes map_attributes(const MapCode& code) {
  std::vector<std::int64_t> words, results(code.outputs.begin(), code.outputs.end());
  std::vector<double> parameters;
  for (const MapInstruction& one : code.instructions) {
    std::int64_t place = -1;
    if (element_op_info(one.op).parameter) {
      place = static_cast<std::int64_t>(parameters.size());
      parameters.push_back(one.parameter);
    }
    words.insert(words.end(), {static_cast<std::int64_t>(one.op), one.a, one.b, one.c, place});
  }
  return {{"code", std::move(words)},
          {"parameters", std::move(parameters)},
          {"results", std::move(results)}};
}

std::span<const OpInfo> map_ops() {
  static const std::array ops = {[] {
    OpInfo info;
    info.name = kName;
    info.infer = infer;
    info.flops = flops;
    info.cases = cases;
    info.in_place = {0};
    return info;
  }()};
  return ops;
}

}  // namespace bascule
