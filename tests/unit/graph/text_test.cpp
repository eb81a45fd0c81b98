// The dumps of a graph, and what the verifier finds.
#include <array>

#include <gmock/gmock.h>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/grad.h>
#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>
#include <bascule/graph/print.h>
#include <bascule/graph/verify.h>

namespace bascule {
namespace {

/// One layer, its gradient and its update.
Graph step() {
  Graph graph;
  const Value x = graph.input("x", f32({32, 10})), w = graph.variable("w", f32({10, 3}));
  const Value lr = graph.variable("lr", f32({}), VariableRole::kControl);
  const Value count = graph.variable("step", i64({}), VariableRole::kControl);
  const Value loss = mean(square(leaky_relu(matmul(x, w), 0.1)));
  const Value gradient = grad(loss, std::array{w})[0];
  graph.assign(w, sgd_update(w, gradient, lr, 0.01)[0]);
  graph.assign(count, increment(count));
  graph.output("loss", loss);
  return graph;
}

TEST(Text, HasALinePerNodeThenAssignsAndOutputs) {
  EXPECT_EQ(to_text(step()), R"(%0 = input(x) : f32[32, 10]
%1 = variable(w, parameter) : f32[10, 3]
%2 = variable(lr, control) : f32[]
%3 = variable(step, control) : i64[]
%4 = matmul(%0, %1; transpose_a=0, transpose_b=0) : f32[32, 3]
%5 = leaky_relu(%4; parameter=0.1) : f32[32, 3]
%6 = square(%5) : f32[32, 3]
%7 = sum(%6; axes=[0, 1], keep=0) : f32[]
%8 = scale(%7; parameter=0.010416666666666666) : f32[]
%9 = constant(value=1) : f32[]
%10 = scale(%9; parameter=0.010416666666666666) : f32[]
%11 = reshape(%10; shape=[1, 1]) : f32[1, 1]
%12 = broadcast_to(%11; shape=[32, 3]) : f32[32, 3]
%13 = multiply(%12, %5) : f32[32, 3]
%14 = scale(%13; parameter=2) : f32[32, 3]
%15 = leaky_relu_grad(%14, %4; parameter=0.1) : f32[32, 3]
%16 = matmul(%15, %1; transpose_a=0, transpose_b=1) : f32[32, 10]
%17 = matmul(%0, %15; transpose_a=1, transpose_b=0) : f32[10, 3]
%18 = sgd_update(%1, %17, %2; decay=0.01) : f32[10, 3]
%19 = increment(%3) : i64[]
assign step = %19
assign w = %18
output loss = %8
)");
}

TEST(Text, SpellsOutTheCodeOfAMap) {
  Graph graph;
  const Value a = graph.input("a", f32({4})), b = graph.input("b", f32({}));
  const MapCode code{
      2, {{ElementOp::kMultiply, 0, 1}, {ElementOp::kLeakyRelu, 2, 0, 0, 0.1}}, {2, 3}};
  const auto both = graph.add(get_op("map"), std::array{a, b}, map_attributes(code));
  graph.output("y", both[1]);
  EXPECT_EQ(to_text(graph), R"(%0 = input(a) : f32[4]
%1 = input(b) : f32[]
%2 = map(%0, %1; r2 = multiply(r0, r1); r3 = leaky_relu(r2, 0.1) -> r2, r3) : f32[4], f32[4]
output y = %2.1
)");
}

TEST(Dot, HasANodePerNodeAndAnEdgePerOperand) {
  Graph graph;
  const Value a = graph.input("a \"b\"", f32({4}));
  const Value w = graph.variable("w", f32({4}));
  graph.assign(w, a * w);
  EXPECT_EQ(to_dot(graph), R"(digraph bascule {
  node [shape=box];
  n0 [label="input a \"b\"", shape=ellipse];
  n1 [label="variable w, parameter", shape=ellipse];
  n2 [label="multiply"];
  n0 -> n2 [label="f32[4]"];
  n1 -> n2 [label="f32[4]"];
  end0 [label="assign w", shape=plaintext];
  n2 -> end0;
}
)");
}

TEST(Verify, AcceptsWhatTheBuildersMake) {
  EXPECT_TRUE(verify(step()).ok());
  EXPECT_TRUE(verify(Graph()).ok());
}

TEST(Verify, FindsANodeThatIsNotOfTheTable) {
  OpInfo stranger;
  stranger.name = "stranger";
  stranger.infer = [](std::span<const ValueType>, const Attributes&) {
    return std::vector<ValueType>{f32({})};
  };
  Graph graph;
  graph.add(stranger, {}, {});
  const Status status = verify(graph);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kFailed);
  EXPECT_EQ(status.error().message, "graph: %0 has no op of the table");
}

TEST(Verify, FindsNamesThatTheGraphDoesNotList) {
  Graph graph;
  graph.add_one("input", {}, {{"name", std::string("x")}, {"type", encode_type(f32({2}))}});
  const Status status = verify(graph);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "graph: input x is not listed");
  Graph twice;
  twice.input("x", f32({2}));
  twice.add_one("input", {}, {{"name", std::string("x")}, {"type", encode_type(f32({2}))}});
  EXPECT_EQ(verify(twice).error().message, "graph: two inputs of the name x");
}

}  // namespace
}  // namespace bascule
