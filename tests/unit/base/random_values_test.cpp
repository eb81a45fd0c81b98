#include <cmath>

#include <gtest/gtest.h>

#include <bascule/base/random_values.h>
#include <bascule/graph/ops.h>

#include "graph_interpreter.h"

namespace bascule {
namespace {

std::vector<double> draw(std::string_view op, std::uint64_t seed, std::uint64_t stream, double step,
                         std::int64_t count) {
  Graph graph;
  Attributes attributes = {{"shape", std::vector<std::int64_t>{count}},
                           {"seed", static_cast<std::int64_t>(seed)},
                           {"stream", static_cast<std::int64_t>(stream)}};
  if (op == "dropout_mask") attributes.set("rate", 0.25);
  graph.add_one(op, std::array{graph.input("step", i64({}))}, attributes);
  const auto device = make_reference_device();
  return Interpreter(*device).run(graph, graph.node(1), {filled(i64({}), step)})[0].values;
}

double mean(const std::vector<double>& values, int power) {
  double sum = 0;
  for (const double value : values) sum += std::pow(value, power);
  return sum / static_cast<double>(values.size());
}

constexpr std::int64_t kCount = 100000;  // standard errors are about 1/300 of the deviation

TEST(RandomValues, UniformsFillTheUnitInterval) {
  const auto values = draw("random_uniform", 5, 1, 0, kCount);
  for (const double value : values) {
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
  }
  EXPECT_NEAR(mean(values, 1), 1.0 / 2, 0.004);
  EXPECT_NEAR(mean(values, 2), 1.0 / 3, 0.004);
}

TEST(RandomValues, NormalsHaveTheMomentsOfTheNormal) {
  const auto values = draw("random_normal", 5, 1, 0, kCount);
  EXPECT_NEAR(mean(values, 1), 0, 0.013);
  EXPECT_NEAR(mean(values, 2), 1, 0.02);
  EXPECT_NEAR(mean(values, 3), 0, 0.06);
  EXPECT_NEAR(mean(values, 4), 3, 0.15);
  // The two of a pair are independent.
  double product = 0;
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) product += values[i] * values[i + 1];
  EXPECT_NEAR(product / kCount * 2, 0, 0.02);
}

TEST(RandomValues, DropoutKeepsTheMean) {
  const auto values = draw("dropout_mask", 5, 1, 0, kCount);
  double kept = 0;
  for (const double value : values) {
    ASSERT_TRUE(value == 0 || value == static_cast<double>(1 / 0.75F)) << value;
    kept += value != 0 ? 1 : 0;
  }
  EXPECT_NEAR(kept / kCount, 0.75, 0.006);
}

TEST(RandomValues, SeedStreamAndStepAllCount) {
  const auto first = draw("random_uniform", 5, 1, 7, 1000);
  EXPECT_EQ(first, draw("random_uniform", 5, 1, 7, 1000));
  const std::uint64_t high = std::uint64_t{1} << 32;
  for (const auto& other :
       {draw("random_uniform", 6, 1, 7, 1000), draw("random_uniform", 5 + high, 1, 7, 1000),
        draw("random_uniform", 5, 2, 7, 1000), draw("random_uniform", 5, 1 + high, 7, 1000),
        draw("random_uniform", 1, 5, 7, 1000), draw("random_uniform", 5, 1, 8, 1000),
        draw("random_uniform", 5, 1, 7 + static_cast<double>(high), 1000)}) {
    int same = 0;
    for (std::size_t i = 0; i < other.size(); ++i) same += other[i] == first[i] ? 1 : 0;
    EXPECT_LE(same, 1);
  }
}

TEST(RandomValues, ElementsDoNotDependOnTheShape) {
  const auto more = draw("random_normal", 5, 1, 7, 1001);
  const auto less = draw("random_normal", 5, 1, 7, 6);
  EXPECT_EQ(std::vector<double>(more.begin(), more.begin() + 6), less);
}

}  // namespace
}  // namespace bascule
