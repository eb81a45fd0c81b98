// Large cases, cut into many chunks: close to the judge, and the same bits on one, two and three
// threads, with every instruction set.
#include <cstring>

#include <fmt/format.h>

#include <bascule/graph/fused_ops.h>

#include "conformance/cpu_instruction_sets.h"
#include "conformance/op_conformance.h"

namespace bascule {
namespace {

OpCase large(std::vector<ValueType> inputs, Attributes attributes = {},
             std::vector<InputRange> ranges = {}) {
  OpCase one;
  for (const ValueType& type : inputs) one.name += type.to_string() + " ";
  one.inputs = std::move(inputs);
  one.attributes = std::move(attributes);
  one.ranges = std::move(ranges);
  return one;
}

using Cases = std::vector<ConformanceCase>;
void add(Cases& cases, std::string_view op, OpCase one) {
  cases.push_back({&get_op(op), cases.size(), std::move(one)});
}

void add_elementwise(Cases& cases) {
  for (const ElementOpInfo& info : element_ops()) {
    const OpInfo& op = get_op(info.name);
    OpCase one = op.cases()[0];
    for (ValueType& type : one.inputs) type = f32({130, 1001});
    one.name = "large";
    add(cases, info.name, std::move(one));
  }
  for (const Shape& other : {Shape{1001}, {130, 1}, {}, {1, 1001}, {130, 1001}})
    add(cases, "multiply", large({f32({130, 1001}), f32(other)}));
  for (const Shape& other : {Shape{7}, {9, 1}, {1300, 1, 7}, {1, 9, 1}, {1300, 1, 1}})
    add(cases, "add", large({f32({1300, 9, 7}), f32(other)}));
  add(cases, "subtract", large({f32({70, 1, 30, 1}), f32({1, 8, 1, 9})}));
  using Op = ElementOp;
  const Attributes two = map_attributes({4,
                                         {{Op::kMultiply, 0, 1},
                                          {Op::kAdd, 4, 2},
                                          {Op::kTanh, 5},
                                          {Op::kMultiply, 6, 3},
                                          {Op::kSubtract, 0, 7}},
                                         {8, 6, 8, 0}});
  add(cases, "map", large({f32({210, 333}), f32({333}), f32({210, 1}), f32({})}, two));
  add(cases, "map", large({f32({40, 3000}), f32({3000}), f32({40, 3000}), f32({40, 1})}, two));
}

void add_reductions(Cases& cases) {
  using Axes = std::vector<std::int64_t>;
  const auto along = [](Axes axes) {
    return Attributes{{"axes", std::move(axes)}, {"keep", std::int64_t{0}}};
  };
  for (const std::string_view op : {"sum", "max"}) {
    for (const auto& [shape, axes] :
         std::vector<std::pair<Shape, Axes>>{{{100003}, {0}},
                                             {{20000, 10}, {0}},
                                             {{20000, 10}, {1}},
                                             {{300, 1000}, {0}},
                                             {{300, 1000}, {1}},
                                             {{20, 30, 500}, {1}},
                                             {{20, 30, 500}, {0, 2}},
                                             {{9, 8, 7, 6, 50}, {1, 3}},
                                             {{9, 8, 7, 6, 50}, {0, 2, 4}}}) {
      add(cases, op, large({f32(shape)}, along(axes), {{0, 1}}));
      cases.back().arguments.tolerance = 1e-6;
    }
  }
  add(cases, "argmax", large({f32({5000, 33})}));
}

void add_rows(Cases& cases) {
  for (const Shape& shape : {Shape{9000, 10}, {20, 20108}, {3000, 17}}) {
    for (const std::string_view op : {"softmax", "log_softmax"})
      add(cases, op, large({f32(shape)}, {}, {{-9, 9}}));
    for (const std::string_view op : {"softmax_grad", "log_softmax_grad"})
      add(cases, op, large({f32(shape), f32(shape)}, {}, {{}, {-1, 0}}));
    const InputRange labels{-1, static_cast<double>(shape[1] + 1)};
    add(cases, "sparse_cross_entropy", large({f32(shape), i32({shape[0]})}, {}, {{-9, 9}, labels}));
    add(cases, "sparse_cross_entropy_grad",
        large({f32(shape), i32({shape[0]}), f32({shape[0]})}, {}, {{-9, 9}, labels}));
    add(cases, "pick", large({f32(shape), i32({shape[0]})}, {}, {{}, labels}));
    add(cases, "place",
        large({f32({shape[0]}), i32({shape[0]})}, {{"columns", shape[1]}}, {{}, labels}));
    add(cases, "one_hot", large({i32({shape[0]})}, {{"classes", shape[1]}}, {labels}));
  }
  add(cases, "gather_rows", large({f32({5000, 33}), i32({70, 60})}, {}, {{}, {-1, 5001}}));
  add(cases, "scatter_add_rows",
      large({f32({900, 33}), i32({900})}, {{"rows", std::int64_t{4000}}}, {{}, {-1, 300}}));
}

void add_moves(Cases& cases) {
  using Axes = std::vector<std::int64_t>;
  for (const DType dtype : {DType::kF32, DType::kI64, DType::kBf16}) {
    const auto type = [&](const Shape& shape) { return ValueType{dtype, shape}; };
    const std::vector<InputRange> ranges{{-50, 50}, {-50, 50}};
    add(cases, "transpose", large({type({333, 517})}, {{"permutation", Axes{1, 0}}}, ranges));
    add(cases, "transpose", large({type({17, 40, 90})}, {{"permutation", Axes{1, 0, 2}}}, ranges));
    add(cases, "transpose",
        large({type({13, 33, 5, 40})}, {{"permutation", Axes{3, 0, 2, 1}}}, ranges));
    add(cases, "broadcast_to", large({type({9, 1, 50})}, {{"shape", Axes{5, 9, 30, 50}}}, ranges));
    add(cases, "broadcast_to", large({type({90, 1})}, {{"shape", Axes{90, 700}}}, ranges));
    add(cases, "reshape", large({type({300, 400})}, {{"shape", Axes{400, 300}}}, ranges));
    const std::int64_t axis = 1;
    add(cases, "slice",
        large({type({300, 400})},
              {{"axis", axis}, {"begin", std::int64_t{100}}, {"end", std::int64_t{390}}}, ranges));
    add(cases, "pad_slice",
        large({type({300, 400})},
              {{"axis", axis}, {"begin", std::int64_t{7}}, {"extent", std::int64_t{500}}}, ranges));
    add(cases, "concat",
        large({type({300, 400}), type({300, 77})}, {{"axis", std::int64_t{-1}}}, ranges));
    for (const DType to : {DType::kF32, DType::kBf16, DType::kI32, DType::kI64})
      add(cases, "cast",
          large({type({300, 400})}, {{"dtype", static_cast<std::int64_t>(to)}}, ranges));
  }
  const Attributes draw = {{"shape", std::vector<std::int64_t>{70001}},
                           {"seed", std::int64_t{-3}},
                           {"stream", std::int64_t{5}},
                           {"rate", 0.3}};
  for (const std::string_view op : {"random_uniform", "random_normal", "dropout_mask"}) {
    // Steps of more than 32 bits.
    add(cases, op, large({i64({})}, draw, {{0, 1e12}}));
    cases.back().arguments.tolerance = op == "random_normal" ? 1e-6 : 0;
  }
}

void add_products(Cases& cases) {
  const auto activation = [](const char* name) {
    return Attributes{{"activation", std::string(name)}, {"parameter", 0.1}};
  };
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true})
      add(cases, "matmul",
          large({f32(ta ? Shape{300, 130} : Shape{130, 300}),
                 f32(tb ? Shape{257, 300} : Shape{300, 257})},
                {{"transpose_a", std::int64_t{ta}}, {"transpose_b", std::int64_t{tb}}}));
  }
  add(cases, "linear", large({f32({130, 300}), f32({300, 257}), f32({257})}, activation("relu")));
  add(cases, "linear", large({f32({130, 300}), f32({300, 257}), f32({257})}, activation("tanh")));
  add(cases, "linear_input_grad",
      large({f32({130, 257}), f32({300, 257}), f32({130, 300})}, activation("leaky_relu_grad")));
  add(cases, "linear_weight_grad", large({f32({130, 300}), f32({130, 257})}));
  for (const std::string_view optimizer :
       {"sgd_update", "momentum_update", "rmsprop_update", "adam_update", "lion_update"}) {
    for (OpCase one : get_op(optimizer).cases()) {
      if (one.inputs[0].shape.rank() != 2 || one.inputs[0].shape.count() == 0) continue;
      if (one.attributes.has("gated")) continue;  // of fp16, which the cpu has not
      const Shape small = one.inputs[0].shape;
      for (ValueType& type : one.inputs) {
        if (type.shape == small) type.shape = {400, 257};
      }
      add(cases, optimizer, one);
      if (optimizer == "lion_update") continue;
      const std::size_t gradient = get_op(optimizer).in_place.size();
      one.inputs.erase(one.inputs.begin() + static_cast<std::ptrdiff_t>(gradient));
      one.ranges.erase(one.ranges.begin() + static_cast<std::ptrdiff_t>(gradient));
      one.inputs.insert(one.inputs.begin(), {f32({65, 400}), f32({65, 257})});
      one.ranges.insert(one.ranges.begin(), {{0.1, 1}, {0.1, 1}});
      one.attributes.set("optimizer", std::string(optimizer));
      add(cases, "linear_update", one);
    }
  }
}

Cases large_cases() {
  Cases cases;
  add_elementwise(cases);
  add_reductions(cases);
  add_rows(cases);
  add_moves(cases);
  add_products(cases);
  return cases;
}

class CpuLarge : public testing::TestWithParam<ConformanceCase> {};

void expect_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t o = 0; o < a.size(); ++o) {
    ASSERT_EQ(a[o].values.size(), b[o].values.size());
    EXPECT_EQ(
        std::memcmp(a[o].values.data(), b[o].values.data(), a[o].values.size() * sizeof(double)), 0)
        << "output " << o;
  }
}

TEST_P(CpuLarge, SameBitsOnAnyNumberOfThreadsAndCloseToTheJudge) {
  const ConformanceCase& one = GetParam();
  SCOPED_TRACE(one.arguments.name);
  const Graph graph = graph_of(one);
  const Node& node = graph.node(graph.size() - 1);
  const std::vector<Tensor> inputs = draw_inputs(one);
  const auto reference = make_reference_device();
  const std::vector<Tensor> judged = Interpreter(*reference).run(graph, node, inputs);
  for (const InstructionSet& set : instruction_sets()) {
    SCOPED_TRACE(set.vector->name);
    std::vector<Tensor> first;
    for (const int threads : {1, 2, 3}) {
      ThreadPool pool(threads);
      const auto device = detail::make_cpu_device(pool, *set.vector, *set.gemm);
      const auto outputs = Interpreter(*device).run(graph, node, inputs);
      if (threads == 1) {
        first = outputs;
        for (std::size_t o = 0; o < judged.size(); ++o)
          expect_close(outputs[o], judged[o], one.arguments.tolerance, fmt::format("output {}", o));
      }
      expect_same_bits(outputs, first);
      expect_same_bits(Interpreter(*device).run(graph, node, inputs, {.in_place = true}), first);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, CpuLarge, testing::ValuesIn(large_cases()), case_name);

}  // namespace
}  // namespace bascule
