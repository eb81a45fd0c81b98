// Trajectories of optimizers against PyTorch's; golden/optimizers_golden.py made the values.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bascule/graph/ops.h>

#include "graph_interpreter.h"

namespace bascule {
namespace {

using nlohmann::json;

Attributes attributes_of(const json& entries) {
  Attributes attributes;
  for (const auto& [name, value] : entries.items()) {
    if (value.is_number_integer())
      attributes.set(name, value.get<std::int64_t>());
    else
      attributes.set(name, value.get<double>());
  }
  return attributes;
}

/// Weights after each step of an update op that starts with states of zeros.
std::vector<std::vector<double>> trajectory(Interpreter interpreter, const std::string& name,
                                            const Attributes& attributes, const json& golden) {
  const OpInfo& op = get_op(name);
  const auto start = golden["start"].get<std::vector<double>>();
  const ValueType type = f32({static_cast<std::int64_t>(start.size())});
  const std::size_t states = op.in_place.size() - 1;
  const bool step = name == "adam_update";
  Graph graph;
  std::vector<Value> values;
  for (std::size_t i = 0; i < 2 + states; ++i)
    values.push_back(graph.input(std::to_string(i), type));
  values.push_back(graph.input("lr", f32({})));
  if (step) values.push_back(graph.input("step", i64({})));
  graph.add(op, values, attributes);
  std::vector<Tensor> held(1 + states, filled(type, 0));
  held[0].values = start;
  std::vector<std::vector<double>> path;
  for (const auto& gradient : golden["gradients"]) {
    std::vector<Tensor> inputs = held;
    inputs.push_back({type, gradient.get<std::vector<double>>()});
    inputs.push_back(filled(f32({}), golden["lr"].get<double>()));
    if (step) inputs.push_back(filled(i64({}), static_cast<double>(path.size())));
    held = interpreter.run(graph, graph.node(graph.size() - 1), inputs);
    path.push_back(held[0].values);
  }
  return path;
}

void expect_path(const std::vector<std::vector<double>>& path, const json& expected,
                 double tolerance) {
  ASSERT_EQ(path.size(), expected.size());
  for (std::size_t t = 0; t < path.size(); ++t) {
    for (std::size_t i = 0; i < path[t].size(); ++i)
      EXPECT_NEAR(path[t][i], expected[t][i].get<double>(), tolerance) << "step " << t;
  }
}

TEST(OptimizersGolden, TrajectoriesEqualPyTorchs) {
  std::ifstream file(BASCULE_TEST_DIR "/golden/optimizers_golden.json");
  const json golden = json::parse(file);
  ASSERT_GE(golden["cases"].size(), 13U);
  ASSERT_GE(golden["gradients"].size(), 10U);
  for (const json& one : golden["cases"]) {
    const auto name = one["name"].get<std::string>();
    SCOPED_TRACE(name);
    const auto op = one["op"].get<std::string>();
    const Attributes attributes = attributes_of(one["attributes"]);
    expect_path(trajectory(Interpreter::in_double(), op, attributes, golden), one["path"], 1e-13);
    // float32 holds weights of about 2 to 1e-7, twelve times rounded.
    const auto device = make_reference_device();
    expect_path(trajectory(Interpreter(*device), op, attributes, golden), one["path"], 1e-6);
  }
}

}  // namespace
}  // namespace bascule
