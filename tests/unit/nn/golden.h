#pragma once
// Values of tests/golden/training_golden.json, and the inputs that training_golden.py makes.
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bascule/nn/network.h>

namespace bascule::nn {

inline const nlohmann::json& training_golden() {
  static const nlohmann::json golden = [] {
    std::ifstream file(BASCULE_TEST_DIR "/golden/training_golden.json");
    return nlohmann::json::parse(file);
  }();
  return golden;
}

/// pattern() of the script, times `factor` plus `term`.
inline std::vector<float> pattern(std::int64_t count, std::int64_t stream, float factor = 1,
                                  float term = 0) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t word = (i * 7919 + stream * 104729 + (i * i) % 1013 * 31) % 1024;
    values.push_back((static_cast<float>(word) / 1024 - 0.5F) * factor + term);
  }
  return values;
}

inline void expect_near(const std::vector<float>& found, const nlohmann::json& expected,
                        double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[i].get<double>(), tolerance) << "element " << i;
}

/// A graph of one input "x" and one output, on the reference device.
class Bench {
 public:
  using Build = std::function<Value(BuildContext&, const Value& x)>;

  explicit Bench(const Build& build, const ValueType& x, bool training = false)
      : device_(make_reference_device()), store_(*device_) {
    Graph graph;
    BuildContext context(graph, training, 1);
    const Value y = build(context, graph.input("x", x));
    shape_ = y.shape();
    graph.output("y", y);
    variables_ = context.variables();
    auto made = Program::make(std::move(graph), store_);
    EXPECT_TRUE(made.ok()) << made.error().message;
    program_ = std::make_unique<Program>(std::move(made).value());
    for (const ModelVariable& variable : variables_) {
      std::vector<float> values(static_cast<std::size_t>(variable.type.shape.count()));
      EXPECT_TRUE(initialize(variable.initializer, variable.type.shape, variable.fans, 1,
                             name_stream(variable.name), values)
                      .ok());
      write(variable.name, values);
    }
  }

  std::vector<float> operator()(const std::vector<float>& x) {
    EXPECT_TRUE(program_->feed("x", std::span<const float>(x)).ok());
    program_->step();
    std::vector<float> y(static_cast<std::size_t>(shape_.count()));
    EXPECT_TRUE(program_->read("y", std::span<float>(y)).ok());
    return y;
  }

  void write(const std::string& name, const std::vector<float>& values) {
    EXPECT_TRUE(store_.write(name, std::span<const float>(values)).ok()) << name;
  }
  [[nodiscard]] std::vector<float> variable(const std::string& name) const {
    auto values = store_.values<float>(name);
    EXPECT_TRUE(values.ok()) << name;
    return std::move(values).value();
  }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] const std::vector<ModelVariable>& variables() const { return variables_; }
  [[nodiscard]] std::string names() const {
    std::string text;
    for (const ModelVariable& one : variables_) text += one.name + one.type.shape.to_string() + " ";
    return text;
  }

 private:
  std::unique_ptr<Device> device_;
  VariableStore store_;
  Shape shape_;
  std::vector<ModelVariable> variables_;
  std::unique_ptr<Program> program_;
};

}  // namespace bascule::nn
