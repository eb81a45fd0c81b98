#include <gtest/gtest.h>

#include "unit/compile/training_graph.h"

namespace bascule {
namespace {

using test::after;

/// The graph of one output after simplify.
template <class Build>
std::string simplified(Build build) {
  Graph graph;
  const Value x = graph.input("x", f32({4, 3}));
  graph.output("y", build(x));
  return after(std::move(graph), "simplify");
}

TEST(Simplify, DropsWhatChangesNothing) {
  const std::string input_alone = simplified([](const Value& x) { return x; });
  EXPECT_EQ(input_alone, R"(
%0 = input(x) : f32[4, 3]
output y = %0
)");
  const auto same = [&](auto build) { EXPECT_EQ(simplified(build), input_alone); };
  same([](const Value& x) { return scale(x, 1); });
  same([](const Value& x) { return offset(x, 0); });
  same([](const Value& x) { return negate(negate(x)); });
  same([](const Value& x) { return reshape(reshape(x, {12}), {4, 3}); });
  same([](const Value& x) { return broadcast_to(x, {4, 3}); });
  same([](const Value& x) { return transpose(transpose(x, {1, 0}), {1, 0}); });
  same([](const Value& x) { return transpose(x, {0, 1}); });
  same([](const Value& x) { return x * x.graph().constant(1, f32({4, 3})); });
  same([](const Value& x) { return x + x.graph().constant(0, f32({})); });
  same([](const Value& x) { return x - x.graph().constant(0, f32({3})); });
  same([](const Value& x) { return x / x.graph().constant(1, f32({})); });
}

TEST(Simplify, JoinsFactorsAndTerms) {
  EXPECT_EQ(simplified([](const Value& x) {
              return negate(scale(negate(scale(x, 2)), 3)) * x.graph().constant(0.5, f32({4, 1}));
            }),
            R"(
%0 = input(x) : f32[4, 3]
%1 = scale(%0; parameter=3) : f32[4, 3]
output y = %1
)");
  EXPECT_EQ(simplified([](const Value& x) {
              return offset(x.graph().constant(2, f32({})) + offset(x, 1), 4);
            }),
            R"(
%0 = input(x) : f32[4, 3]
%1 = offset(%0; parameter=7) : f32[4, 3]
output y = %1
)");
  EXPECT_EQ(simplified([](const Value& x) { return x.graph().constant(2, f32({})) - x; }), R"(
%0 = input(x) : f32[4, 3]
%1 = negate(%0) : f32[4, 3]
%2 = offset(%1; parameter=2) : f32[4, 3]
output y = %2
)");
}

TEST(Simplify, KeepsConstantsThatMakeTheShape) {
  Graph graph;
  const Value row = graph.input("x", f32({3}));
  graph.output("y", row * graph.constant(2, f32({4, 3})));
  EXPECT_EQ(after(std::move(graph), "simplify"), R"(
%0 = input(x) : f32[3]
%1 = constant(value=2) : f32[4, 3]
%2 = multiply(%0, %1) : f32[4, 3]
output y = %2
)");
}

TEST(Simplify, FoldsConstants) {
  EXPECT_EQ(simplified([](const Value& x) {
              const Value two = broadcast_to(x.graph().constant(2, f32({})), {4, 1});
              return x * square(two + x.graph().constant(1, f32({4, 1})));
            }),
            R"(
%0 = input(x) : f32[4, 3]
%1 = scale(%0; parameter=9) : f32[4, 3]
output y = %1
)");
}

TEST(Simplify, MergesEqualNodes) {
  EXPECT_EQ(simplified([](const Value& x) { return exp(scale(x, 2)) * exp(scale(x, 2)); }), R"(
%0 = input(x) : f32[4, 3]
%1 = scale(%0; parameter=2) : f32[4, 3]
%2 = exp(%1) : f32[4, 3]
%3 = multiply(%2, %2) : f32[4, 3]
output y = %3
)");
}

TEST(Simplify, MergesRandomNodesOfOneStreamOnly) {
  EXPECT_EQ(simplified([](const Value& x) {
              const Value step = x.graph().variable("step", i64({}), VariableRole::kControl);
              const auto draw = [&](std::uint64_t stream) {
                return random_uniform(step, {4, 3}, 1, stream);
              };
              return (draw(1) + draw(1)) * (draw(2) + x);
            }),
            R"(
%0 = input(x) : f32[4, 3]
%1 = variable(step, control) : i64[]
%2 = random_uniform(%1; seed=1, shape=[4, 3], stream=2) : f32[4, 3]
%3 = add(%2, %0) : f32[4, 3]
%4 = random_uniform(%1; seed=1, shape=[4, 3], stream=1) : f32[4, 3]
%5 = add(%4, %4) : f32[4, 3]
%6 = multiply(%5, %3) : f32[4, 3]
output y = %6
)");
}

TEST(Simplify, AbsorbsTransposesAndLogarithms) {
  EXPECT_EQ(simplified([](const Value& x) {
              return log(softmax(matmul(transpose(x, {1, 0}), transpose(x, {1, 0}), true, false)));
            }),
            R"(
%0 = input(x) : f32[4, 3]
%1 = matmul(%0, %0; transpose_a=0, transpose_b=1) : f32[4, 4]
%2 = log_softmax(%1) : f32[4, 4]
output y = %2
)");
}

TEST(Simplify, ElementOpsBroadcastByThemselves) {
  EXPECT_EQ(simplified([](const Value& x) {
              return x * broadcast_to(sum(x), {4, 3});
            }),
            R"(
%0 = input(x) : f32[4, 3]
%1 = sum(%0; axes=[0, 1], keep=0) : f32[]
%2 = multiply(%0, %1) : f32[4, 3]
output y = %2
)");
  // Here the broadcast makes the shape.
  EXPECT_EQ(simplified([](const Value& x) {
              return exp(broadcast_to(sum(x), {4, 3}));
            }),
            R"(
%0 = input(x) : f32[4, 3]
%1 = sum(%0; axes=[0, 1], keep=0) : f32[]
%2 = broadcast_to(%1; shape=[4, 3]) : f32[4, 3]
%3 = exp(%2) : f32[4, 3]
output y = %3
)");
}

TEST(Simplify, RemovesDeadNodesButNoInputOrVariable) {
  Graph graph;
  const Value x = graph.input("x", f32({2}));
  graph.variable("w", f32({2}));
  exp(x);
  graph.output("y", square(x));
  EXPECT_EQ(after(std::move(graph), "simplify"), R"(
%0 = input(x) : f32[2]
%1 = variable(w, parameter) : f32[2]
%2 = square(%0) : f32[2]
output y = %2
)");
}

}  // namespace
}  // namespace bascule
