#include "conformance/op_conformance.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include <fmt/format.h>

#include <bascule/base/random.h>
#include <bascule/graph/grad.h>
#include <bascule/graph/ops.h>

namespace bascule {
namespace {

bool is_real(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kBf16;
}

double rounded(double value, DType dtype) {
  if (dtype == DType::kF32) return static_cast<float>(value);
  if (dtype == DType::kBf16) return static_cast<float>(Bf16(static_cast<float>(value)));
  return std::floor(value);
}

/// Moves a value of [low, high] away from zero without changing the order of values.
double away_from_zero(double value, const InputRange& range) {
  const double end = value < 0 ? -range.low : range.high;
  const double size = range.margin + std::abs(value) * (end - range.margin) / end;
  return value < 0 ? -size : size;
}

std::uint64_t hash(std::string_view text) {
  std::uint64_t state = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return state;
}

/// Those inputs whose elements must differ from each other, as one list of places between 0 and 1.
class Places {
 public:
  Places(const ConformanceCase& one, std::uint64_t seed) {
    std::size_t count = 0;
    for (const ValueType& type : one.arguments.inputs)
      count += static_cast<std::size_t>(type.shape.count());
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), 0);
    Philox(seed, 1).shuffle(std::span(order_));
  }
  double next() {
    return (static_cast<double>(order_[at_++]) + 0.5) / static_cast<double>(order_.size());
  }

 private:
  std::vector<std::size_t> order_;
  std::size_t at_ = 0;
};

InputRange range_of(const OpCase& one, std::size_t input) {
  return input < one.ranges.size() ? one.ranges[input] : InputRange{};
}

void expect_equal_to_judge(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected,
                           const ConformanceCase& one, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t o = 0; o < actual.size(); ++o)
    expect_close(actual[o], expected[o], one.arguments.tolerance, fmt::format("{} {}", what, o));
}

/// Inputs that may lie in panels, one at a time.
std::vector<NodeOptions> panel_options(const Device& device, const ConformanceCase& one) {
  std::vector<NodeOptions> all;
  if (device.target().panel == 0) return all;
  for (std::size_t i = 0; i < one.arguments.inputs.size(); ++i) {
    const ValueType& type = one.arguments.inputs[i];
    if (type != f32(type.shape) || type.shape.rank() != 2) continue;
    for (const Layout layout : {Layout::kPanels, Layout::kHalves}) {
      NodeOptions options;
      options.input_layouts.assign(one.arguments.inputs.size(), Layout::kRowMajor);
      options.input_layouts[i] = layout;
      all.push_back(options);
    }
  }
  return all;
}

/// Halfway between two bf16 either may be taken; such a value makes room for its neighbour.
double off_ties(double value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return (bits & 0xFFFF) == 0x8000 ? double{std::bit_cast<float>(bits + 1)} : value;
}

/// Leaves some rows empty, and no more elements than there may be.
void make_sparse(Tensor& tensor, const Philox& random) {
  const std::int64_t columns = tensor.type.shape[1];
  const double wanted = 0.8 * static_cast<double>(tensor.type.capacity) /
                        std::max(static_cast<double>(tensor.values.size()), 1.0);
  std::int64_t stored = 0;
  for (std::size_t e = 0; e < tensor.values.size(); ++e) {
    const auto row = static_cast<std::int64_t>(e) / columns;
    const bool kept = row % 5 != 2 && stored < tensor.type.capacity &&
                      random.uniform(tensor.values.size() + e) < wanted;
    if (!kept) tensor.values[e] = 0;
    if (tensor.values[e] != 0) ++stored;
  }
}

/// Whether a value has a gradient at all.
bool is_differentiable(const ValueType& type) {
  return is_real(type.dtype) && type.storage == Storage::kDense;
}

}  // namespace

std::vector<ConformanceCase> conformance_cases() {
  std::vector<ConformanceCase> all;
  for (const OpInfo* op : all_ops()) {
    if (op->cases == nullptr) continue;
    std::size_t index = 0;
    for (OpCase& arguments : op->cases()) all.push_back({op, index++, std::move(arguments)});
  }
  return all;
}

std::vector<ConformanceCase> gradient_cases() {
  std::vector<ConformanceCase> all;
  for (ConformanceCase& one : conformance_cases()) {
    const auto& inputs = one.arguments.inputs;
    const auto outputs = one.op->infer(inputs, one.arguments.attributes);
    // What is rounded goes in steps, of which differences know nothing.
    if (one.arguments.attributes.has("bf16") || one.arguments.attributes.has("fp16")) continue;
    if (one.op->gradient != nullptr &&
        std::any_of(inputs.begin(), inputs.end(), is_differentiable) &&
        std::any_of(outputs.begin(), outputs.end(), is_differentiable))
      all.push_back(std::move(one));
  }
  return all;
}

std::string case_name(const testing::TestParamInfo<ConformanceCase>& info) {
  return fmt::format("{}_{}", info.param.op->name, info.param.index);
}

std::vector<Tensor> draw_inputs(const ConformanceCase& one) {
  const std::uint64_t seed = hash(one.op->name) + one.index;
  Places places(one, seed);
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < one.arguments.inputs.size(); ++i) {
    const InputRange range = range_of(one.arguments, i);
    const Philox random(seed, 2 + i);
    Tensor tensor = filled(one.arguments.inputs[i], 0);
    for (std::size_t e = 0; e < tensor.values.size(); ++e) {
      const double place = range.margin > 0 ? places.next() : random.uniform(e);
      double value = range.low + place * (range.high - range.low);
      if (range.margin > 0) value = away_from_zero(value, range);
      tensor.values[e] = rounded(value, tensor.type.dtype);
      if (one.arguments.attributes.has("bf16")) tensor.values[e] = off_ties(tensor.values[e]);
    }
    if (tensor.type.storage == Storage::kCsr) make_sparse(tensor, random);
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

Graph graph_of(const ConformanceCase& one) {
  Graph graph;
  std::vector<Value> inputs;
  for (const ValueType& type : one.arguments.inputs)
    inputs.push_back(graph.input(std::to_string(inputs.size()), type));
  graph.add(*one.op, inputs, one.arguments.attributes);
  return graph;
}

void expect_close(const Tensor& actual, const Tensor& expected, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(actual.type, expected.type) << what;
  double largest = 0;
  for (const double value : expected.values) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  const double allowed = is_real(expected.type.dtype) ? tolerance * largest : 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const double a = actual.values[i], e = expected.values[i];
    if (a == e || (std::isnan(a) && std::isnan(e))) continue;
    ASSERT_LE(std::abs(a - e), allowed) << what << ", element " << i << ": " << a << " for " << e;
  }
}

void expect_conforms(Device& device, const ConformanceCase& one) {
  SCOPED_TRACE(one.arguments.name);
  const Graph graph = graph_of(one);
  const Node& node = graph.node(graph.size() - 1);
  if (!device.target().supports(graph, node)) GTEST_SKIP() << "not supported";
  const std::vector<Tensor> inputs = draw_inputs(one);
  const auto reference = make_reference_device();
  const std::vector<Tensor> judged = Interpreter(*reference).run(graph, node, inputs);
  Interpreter interpreter(device);
  expect_equal_to_judge(interpreter.run(graph, node, inputs), judged, one, "output");
  expect_equal_to_judge(interpreter.run(graph, node, inputs, {.in_place = true}), judged, one,
                        "output in place");
  for (const NodeOptions& options : panel_options(device, one)) {
    const std::vector<Layout> outputs(node.outputs.size(), Layout::kRowMajor);
    if (!device.prepare({node, one.arguments.inputs, options.input_layouts, outputs}).ok())
      continue;
    expect_equal_to_judge(interpreter.run(graph, node, inputs, options), judged, one,
                          "output from panels");
  }
}

void expect_gradient(const ConformanceCase& one) {
  SCOPED_TRACE(one.arguments.name);
  Graph graph = graph_of(one);
  const NodeId last = graph.size() - 1;
  std::map<std::string, Tensor> named;
  std::vector<Value> inputs;
  for (const Tensor& tensor : draw_inputs(one)) {
    const Value input(&graph, {static_cast<NodeId>(named.size()), 0});
    if (is_differentiable(input.type())) inputs.push_back(input);
    named[std::to_string(named.size())] = tensor;
  }
  // The loss weighs every output element differently.
  const Philox random(hash(one.op->name), one.index);
  std::uint64_t drawn = 0;
  const auto draw = [&](const ValueType& type) {
    Tensor tensor = filled(type, 0);
    for (double& value : tensor.values) value = 2 * random.uniform(drawn++) - 1;
    return tensor;
  };
  Value loss = graph.constant(0, f32({}));
  const std::size_t outputs = graph.node(last).outputs.size();
  for (std::size_t o = 0; o < outputs; ++o) {
    const Value y(&graph, {last, static_cast<std::int32_t>(o)});
    const std::string name = fmt::format("weight {}", o);
    named[name] = draw(f32(y.shape()));
    const Value real = y.dtype() == DType::kF32 ? y : cast(y, DType::kF32);
    loss = loss + sum(real * graph.input(name, f32(y.shape())));
  }
  const std::vector<Value> gradients = grad(loss, inputs);
  Interpreter interpreter = Interpreter::in_double();
  const auto values = interpreter.run(graph, named);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = std::to_string(inputs[i].id().node);
    const Tensor direction = draw(inputs[i].type());
    const Tensor& slope = values.at(gradients[i].id());
    double expected = 0;
    for (std::size_t e = 0; e < direction.values.size(); ++e)
      expected += slope.values[e] * direction.values[e];
    constexpr double kStep = 1e-5;
    const auto moved = [&](double step) {
      auto other = named;
      for (std::size_t e = 0; e < direction.values.size(); ++e)
        other[name].values[e] += step * direction.values[e];
      return interpreter.run(graph, other).at(loss.id()).values[0];
    };
    const double measured = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    const double scale = std::max({std::abs(expected), std::abs(measured), 0.01});
    EXPECT_LE(std::abs(measured - expected), one.arguments.gradient_tolerance * scale)
        << "argument " << name << ": gradient " << expected << ", differences " << measured;
  }
}

}  // namespace bascule
