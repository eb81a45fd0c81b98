// Building graphs: names, variables, assigns, and what every op refuses.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>
#include <bascule/graph/verify.h>

namespace bascule {
namespace {

using ::testing::StartsWith;

/// What GraphError says; empty when nothing is thrown.
template <class Build>
std::string refusal(const Build& build) {
  try {
    build();
  } catch (const GraphError& error) {
    return error.what();
  }
  return {};
}

std::string infer_refusal(const OpInfo& op, const std::vector<ValueType>& inputs,
                          const Attributes& attributes) {
  return refusal([&] { (void)op.infer(inputs, attributes); });
}

/// Ops that take more than one number of arguments.
bool variadic(std::string_view op) {
  return op == "concat" || op == "linear" || op == "map";
}

TEST(EveryOp, RefusesWrongArgumentsUnderItsName) {
  for (const OpInfo* op : all_ops()) {
    if (op->cases == nullptr) continue;
    SCOPED_TRACE(op->name);
    const std::string prefix = fmt::format("[{}] ", op->name);
    for (const OpCase& one : op->cases()) {
      SCOPED_TRACE(one.name);
      EXPECT_THAT(infer_refusal(*op, {}, one.attributes), StartsWith(prefix));
      if (!variadic(op->name)) {
        auto more = one.inputs;
        more.push_back(f32({}));
        EXPECT_THAT(infer_refusal(*op, more, one.attributes), StartsWith(prefix));
      }
      for (std::size_t i = 0; i < one.inputs.size(); ++i) {
        auto wrong = one.inputs;
        wrong[i].dtype = DType::kU8;
        EXPECT_THAT(infer_refusal(*op, wrong, one.attributes), StartsWith(prefix)) << i;
        wrong = one.inputs;
        const bool dense = wrong[i].storage == Storage::kDense;
        wrong[i].storage = dense ? Storage::kCsr : Storage::kDense;
        EXPECT_THAT(infer_refusal(*op, wrong, one.attributes), StartsWith(prefix)) << i;
      }
    }
  }
}

TEST(EveryOp, InfersItsCases) {
  for (const OpInfo* op : all_ops()) {
    if (op->cases == nullptr) continue;
    std::vector<std::string> names;
    for (const OpCase& one : op->cases()) {
      EXPECT_EQ(infer_refusal(*op, one.inputs, one.attributes), "") << op->name << one.name;
      EXPECT_EQ(std::count(names.begin(), names.end(), one.name), 0) << op->name << " " << one.name;
      names.push_back(one.name);
    }
  }
}

TEST(EveryOp, DeclaresInPlaceOutputsOfTheInputsType) {
  for (const OpInfo* op : all_ops()) {
    if (op->cases == nullptr) continue;
    for (const OpCase& one : op->cases()) {
      const auto outputs = op->infer(one.inputs, one.attributes);
      for (std::size_t o = 0; o < std::min(outputs.size(), op->in_place.size()); ++o) {
        const auto place = static_cast<std::size_t>(op->in_place[o]);
        ASSERT_LT(place, one.inputs.size()) << op->name;
        EXPECT_EQ(one.inputs[place].dtype, outputs[o].dtype) << op->name;
      }
    }
  }
}

struct Refusal {
  const char* message;
  void (*build)(Graph& graph, const Value& a);  ///< a: f32[2, 3]
};

const Refusal kRefusals[] = {
    {"[add] [2, 3] and [4] do not broadcast",
     [](Graph& g, const Value& a) { add(a, g.input("b", f32({4}))); }},
    {"[relu] an argument is i32[3], dense F32 expected",
     [](Graph& g, const Value&) { relu(g.input("b", i32({3}))); }},
    {"[matmul] [2, 3] and [2, 3] do not fit", [](Graph&, const Value& a) { matmul(a, a); }},
    {"[matmul] [4] is not a matrix",
     [](Graph& g, const Value& a) { matmul(a, g.input("b", f32({4}))); }},
    {"[reshape] [2, 3] and [7] have different numbers of elements",
     [](Graph&, const Value& a) { reshape(a, {7}); }},
    {"[transpose] axis 2 of a value of rank 2",
     [](Graph&, const Value& a) {
       transpose(a, {2, 0});
     }},
    {"[transpose] permutation=[0, 0] does not permute the axes of [2, 3]",
     [](Graph&, const Value& a) {
       transpose(a, {0, 0});
     }},
    {"[broadcast_to] [2, 3] and [2, 4] do not broadcast",
     [](Graph&, const Value& a) {
       broadcast_to(a, {2, 4});
     }},
    {"[broadcast_to] [2, 3] does not fit in [3]",
     [](Graph&, const Value& a) { broadcast_to(a, {3}); }},
    {"[concat] no arguments", [](Graph&, const Value&) { concat({}, 0); }},
    {"[concat] [2, 3] and [2, 4] differ in another axis than 0",
     [](Graph& g, const Value& a) {
       concat(std::array{a, g.input("b", f32({2, 4}))}, 0);
     }},
    {"[slice] from 2 to 4 along axis 1 of [2, 3]",
     [](Graph&, const Value& a) { slice(a, 1, 2, 4); }},
    {"[slice] from 2 to 1 along axis 1 of [2, 3]",
     [](Graph&, const Value& a) { slice(a, -1, 2, 1); }},
    {"[cast] an argument is u8[2, 3], dense F32, BF16, I32 or I64 expected",
     [](Graph&, const Value& a) { cast(a, DType::kU8); }},
    {"[sum] axis 2 of a value of rank 2", [](Graph&, const Value& a) { sum(a, {2}); }},
    {"[sum] axes=[1, 1], keep=0: not ascending",
     [](Graph&, const Value& a) {
       sum(a, {1, -1});
     }},
    {"[max] no elements in [0, 3]",
     [](Graph& g, const Value&) {
       max(g.input("b", f32({0, 3})), {0});
     }},
    {"[sum_to] [2, 3] and [4] do not broadcast", [](Graph&, const Value& a) { sum_to(a, {4}); }},
    {"[sum_to] [5, 2, 3] does not broadcast to [2, 3]",
     [](Graph&, const Value& a) {
       sum_to(a, {5, 2, 3});
     }},
    {"[argmax] 0 elements along the last axis of [2, 0]",
     [](Graph& g, const Value&) {
       argmax(g.input("b", f32({2, 0})));
     }},
    {"[argmax] a scalar has no last axis",
     [](Graph& g, const Value&) { argmax(g.input("b", f32({}))); }},
    {"[gather_rows] an argument is f32[2, 3], dense I32 expected",
     [](Graph&, const Value& a) { gather_rows(a, a); }},
    {"[scatter_add_rows] values [2, 3] at indices [3]",
     [](Graph& g, const Value& a) { scatter_add_rows(a, g.input("b", i32({3})), 9); }},
    {"[pick] indices [3] for 2 rows",
     [](Graph& g, const Value& a) { pick(a, g.input("b", i32({3}))); }},
    {"[place] an argument is f32[2, 3], rank 1 expected",
     [](Graph& g, const Value& a) { place(a, g.input("b", i32({2})), 4); }},
    {"[one_hot] ", [](Graph& g, const Value&) { one_hot(g.input("b", i32({2})), -1); }},
    {"[softmax] a scalar has no last axis",
     [](Graph& g, const Value&) { softmax(g.input("b", f32({}))); }},
    {"[dropout_mask] rate 1 not in [0, 1)",
     [](Graph& g, const Value&) { dropout_mask(g.input("b", i64({})), {2}, 1, 0, 0); }},
    {"[random_normal] an argument is i64[1], [] expected",
     [](Graph& g, const Value&) { random_normal(g.input("b", i64({1})), {2}, 0, 0); }},
    {"[increment] an argument is f32[2, 3], dense I64 expected",
     [](Graph&, const Value& a) { increment(a); }},
    {"[sgd_update] an argument is f32[2, 3], [] expected",
     [](Graph&, const Value& a) { sgd_update(a, a, a, 0); }},
    {"[momentum_update] an argument is f32[], [2, 3] expected",
     [](Graph& g, const Value& a) {
       const Value lr = g.input("lr", f32({}));
       momentum_update(a, lr, a, lr, 0.9, false, false, 0);
     }},
    {"[linear] no activation relu_grad",
     [](Graph& g, const Value& a) {
       g.add_one("linear", std::array{a, g.input("w", f32({3, 4}))},
                 {{"activation", std::string("relu_grad")}, {"parameter", 0.0}});
     }},
    {"[linear_update] no optimizer relu",
     [](Graph& g, const Value& a) {
       g.add_one("linear_update", std::array{a, a, a}, {{"optimizer", std::string("relu")}});
     }},
    {"[map] register 1 is read before it is written",
     [](Graph& g, const Value& a) {
       g.add_one("map", std::array{a}, map_attributes({1, {{ElementOp::kAdd, 0, 1}}, {1}}));
     }},
    {"[map] [2, 3] is neither scalar, row nor column of [2, 2, 3]",
     [](Graph& g, const Value& a) {
       g.add_one("map", std::array{a, g.input("b", f32({2, 1, 3}))},
                 map_attributes({2, {{ElementOp::kAdd, 0, 1}}, {2}}));
     }},
};

TEST(Op, SaysWhatDoesNotFit) {
  for (const Refusal& one : kRefusals) {
    Graph graph;
    const Value a = graph.input("a", f32({2, 3}));
    EXPECT_THAT(refusal([&] { one.build(graph, a); }), StartsWith(one.message));
  }
}

TEST(Op, RefusesValuesOfAnotherGraph) {
  Graph one, two;
  const Value a = one.input("a", f32({2})), b = two.input("a", f32({2}));
  EXPECT_EQ(refusal([&] { add(a, b); }), "[add] an argument is not a value of this graph");
}

TEST(Graph, NamesAreUnique) {
  Graph graph;
  const Value x = graph.input("x", f32({2}));
  EXPECT_EQ(refusal([&] { graph.input("x", f32({2})); }), "[input] two of the name x");
  graph.output("y", x);
  EXPECT_EQ(refusal([&] { graph.output("y", x); }), "[output] two of the name y");
  graph.variable("x", f32({2}));  // another kind of name
  EXPECT_TRUE(verify(graph).ok());
}

TEST(Graph, VariableIsTheSameNodeWheneverAskedFor) {
  Graph graph;
  const Value w = graph.variable("w", f32({2, 3}));
  EXPECT_EQ(graph.variable("w", f32({2, 3})), w);
  EXPECT_EQ(graph.size(), 1);
  EXPECT_EQ(refusal([&] {
              graph.variable("w", f32({3, 2}));
            }),
            "[variable] w is f32[2, 3], not f32[3, 2]");
  ValueType sparse = f32({2, 3});
  sparse.storage = Storage::kCsr;
  EXPECT_EQ(refusal([&] { graph.variable("s", sparse); }), "[variable] s must be dense");
  EXPECT_EQ(Graph::role(graph.node(w.id().node)), VariableRole::kParameter);
}

TEST(Graph, AssignsEachVariableOnceWithItsType) {
  Graph graph;
  const Value w = graph.variable("w", f32({2})), v = graph.variable("v", f32({}));
  const Value x = graph.input("x", f32({2}));
  EXPECT_EQ(refusal([&] { graph.assign(x, w); }), "[assign] the target is not a variable");
  EXPECT_EQ(refusal([&] { graph.assign(v, w); }), "[assign] v is f32[], the value f32[2]");
  graph.assign(w, w + x);
  EXPECT_EQ(refusal([&] { graph.assign(w, x); }), "[assign] w is assigned twice");
  EXPECT_TRUE(verify(graph).ok());
}

TEST(SumTo, IsTheValueItselfWhenShapesAreEqual) {
  Graph graph;
  const Value a = graph.input("a", f32({2, 3}));
  EXPECT_EQ(sum_to(a, {2, 3}), a);
  EXPECT_EQ(sum_to(a, {3}).shape(), (Shape{3}));
  EXPECT_EQ(sum_to(a, {2, 1}).shape(), (Shape{2, 1}));
  EXPECT_EQ(sum_to(a, {}).shape(), Shape{});
}

TEST(Costs, CountTheArithmeticAndTheMemory) {
  Graph graph;
  const Value x = graph.input("x", f32({32, 100})), w = graph.variable("w", f32({100, 10}));
  const auto node = [&](const Value& value) -> const Node& { return graph.node(value.id().node); };
  EXPECT_EQ(node_flops(graph, node(matmul(x, w))), 2.0 * 32 * 100 * 10);
  EXPECT_EQ(node_bytes(graph, node(matmul(x, w))), 4.0 * (3200 + 1000 + 320));
  EXPECT_EQ(node_flops(graph, node(reshape(x, {3200}))), 0);
  EXPECT_EQ(node_bytes(graph, node(reshape(x, {3200}))), 0);
  EXPECT_EQ(node_flops(graph, node(sum(x))), 3200);
  EXPECT_EQ(node_flops(graph, node(tanh(x))), 32000);
  EXPECT_EQ(node_bytes(graph, node(slice(x, 0, 0, 4))), 2.0 * 4 * 400);
}

}  // namespace
}  // namespace bascule
