// Whatever the passes do, the numbers stay: programs with all passes against programs with none, on
// the reference device.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bascule/run/program.h>

#include "unit/compile/random_graph.h"
#include "unit/compile/training_graph.h"
#include "unit/run/panel_device.h"

namespace bascule {
namespace {

using test::all_but;
using test::random_graph;
using test::training_graph;
using test::TrainingOptions;

/// Numbers in [-1, 1) that depend on name and index alone.
std::vector<float> some_values(const std::string& name, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  std::uint32_t state = 2166136261U;
  for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 16777619U;
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) / 8388608.0F - 1;
  }
  return values;
}

/// All outputs and variables after some steps.
std::map<std::string, std::vector<float>> run(Graph graph, Device& device,
                                              const std::set<std::string>& skip,
                                              Precision precision = Precision::kFp32) {
  VariableStore store(device);
  for (const auto& [name, id] : graph.variables()) {
    const ValueType& type = graph.type(id);
    EXPECT_TRUE(store.declare(name, type, VariableRole::kParameter).ok());
    if (type.dtype != DType::kF32) continue;
    std::vector<float> values = some_values(name, type.shape.count());
    if (name == "lr") values = {0.05F};
    // Second moments are never negative.
    if (Graph::role(graph.node(id.node)) == VariableRole::kState)
      std::ranges::for_each(values, [](float& value) { value *= value; });
    EXPECT_TRUE(store.write(name, std::span<const float>(values)).ok());
  }
  CompileOptions options;
  options.skip = skip;
  options.precision = precision;
  auto program = Program::make(std::move(graph), store, options);
  EXPECT_TRUE(program.ok()) << program.error().message;
  const Graph& planned = program->plan().graph;
  for (const auto& [name, id] : planned.inputs()) {
    const ValueType& type = planned.type(id);
    if (type.dtype == DType::kI32) {
      std::vector<std::int32_t> labels(static_cast<std::size_t>(type.shape.count()));
      for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 3);
      EXPECT_TRUE(program->feed(name, std::span<const std::int32_t>(labels)).ok());
    } else {
      const std::vector<float> values = some_values(name, type.shape.count());
      EXPECT_TRUE(program->feed(name, std::span<const float>(values)).ok());
    }
  }
  std::map<std::string, std::vector<float>> results;
  for (int step = 0; step < 3; ++step) {
    program->step();
    for (const auto& [name, id] : planned.outputs()) {
      std::vector<float>& values = results[fmt::format("output {} of step {}", name, step)];
      values.resize(static_cast<std::size_t>(planned.type(id).shape.count()));
      EXPECT_TRUE(program->read(name, std::span(values)).ok());
    }
  }
  for (const auto& [name, variable] : store.all()) {
    if (variable.type.dtype == DType::kF32) results[name] = *store.values<float>(name);
  }
  return results;
}

/// The greatest difference, relative to the greatest magnitude of each value (at least 1).
double greatest_difference(const std::map<std::string, std::vector<float>>& a,
                           const std::map<std::string, std::vector<float>>& b) {
  double greatest = 0;
  EXPECT_EQ(a.size(), b.size());
  for (const auto& [name, values] : a) {
    const std::vector<float>& others = b.at(name);
    double magnitude = 1, difference = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_TRUE(std::isfinite(values[i])) << name;
      magnitude = std::max<double>(magnitude, std::abs(values[i]));
      difference = std::max<double>(difference, std::abs(values[i] - others[i]));
    }
    greatest = std::max(greatest, difference / magnitude);
  }
  return greatest;
}

constexpr double kTolerance = 1e-6;

TEST(Equivalence, RandomGraphs) {
  const auto device = make_reference_device();
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    const auto plain = run(random_graph(seed), *device, all_but({}));
    EXPECT_LT(greatest_difference(plain, run(random_graph(seed), *device, {})), kTolerance)
        << "seed " << seed;
  }
}

TEST(Equivalence, EachPassAlone) {
  const auto device = make_reference_device();
  for (std::uint64_t seed = 200; seed < 210; ++seed) {
    const auto plain = run(random_graph(seed), *device, all_but({}));
    for (const std::string& pass : pass_names()) {
      if (!is_optional_pass(pass)) continue;
      EXPECT_LT(greatest_difference(plain, run(random_graph(seed), *device, all_but({pass}))),
                kTolerance)
          << "seed " << seed << " pass " << pass;
    }
  }
}

std::vector<TrainingOptions> training_variants() {
  std::vector<TrainingOptions> all;
  for (const char* optimizer : {"sgd", "momentum", "nesterov", "rmsprop", "adam"}) {
    for (const char* activation :
         {"relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid"}) {
      TrainingOptions options;
      options.optimizer = optimizer;
      options.activation = activation;
      options.dropout = all.size() % 3 == 1 ? 0.4 : 0;
      options.clip = all.size() % 4 == 3;
      options.weight_penalty = all.size() % 5 == 2 ? 0.01 : 0;
      options.tied = all.size() % 2 == 1;
      if (options.tied) options.widths = {5, 8, 8, 8, 3};
      all.push_back(options);
    }
  }
  return all;
}

TEST(Equivalence, TrainingSteps) {
  const auto device = make_reference_device();
  for (const TrainingOptions& options : training_variants()) {
    const auto plain = run(training_graph(options), *device, all_but({}));
    EXPECT_LT(greatest_difference(plain, run(training_graph(options), *device, {})), 4 * kTolerance)
        << options.optimizer << " " << options.activation;
  }
}

// Products of rounded factors: eight binary digits each.
TEST(Equivalence, MixedPrecision) {
  constexpr double kRounded = 0.05;
  const auto reference = make_reference_device();
  const auto cpu = make_cpu_device(default_pool());
  for (const TrainingOptions& options : training_variants()) {
    SCOPED_TRACE(options.optimizer + " " + options.activation);
    const auto exact = run(training_graph(options), *reference, {});
    const auto judged = run(training_graph(options), *reference, {}, Precision::kBf16);
    EXPECT_NE(exact, judged);
    EXPECT_LT(greatest_difference(exact, judged), kRounded);
    // Sums that differ in their last bits may be rounded to different neighbours in the next step.
    EXPECT_LT(greatest_difference(judged, run(training_graph(options), *cpu, {}, Precision::kBf16)),
              kRounded / 4);
  }
}

TEST(Equivalence, WeightsInPanels) {
  const auto reference = make_reference_device();
  const auto panels = test::make_panel_device();
  for (const TrainingOptions& options : training_variants()) {
    const auto plain = run(training_graph(options), *reference, {});
    EXPECT_EQ(plain, run(training_graph(options), *panels, {}))
        << options.optimizer << " " << options.activation;
  }
}

}  // namespace
}  // namespace bascule
