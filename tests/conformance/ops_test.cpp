// The judge is judged: the reference device against formulas written a second time.
#include <cstdio>

#include <fmt/format.h>

#include "conformance/naive_ops.h"
#include "conformance/op_conformance.h"

namespace bascule {
namespace {

TEST_P(Conformance, Reference) {
  const ConformanceCase& one = GetParam();
  SCOPED_TRACE(one.arguments.name);
  const auto device = make_reference_device();
  expect_conforms(*device, one);
  const Graph graph = graph_of(one);
  const Node& node = graph.node(graph.size() - 1);
  const std::vector<Tensor> inputs = draw_inputs(one);
  const std::vector<Tensor> exact = naive_outputs(node, inputs);
  const auto in_float = Interpreter(*device).run(graph, node, inputs);
  const auto in_double = Interpreter::in_double().run(graph, node, inputs);
  ASSERT_EQ(in_float.size(), exact.size());
  for (std::size_t o = 0; o < exact.size(); ++o) {
    // Half a unit in the last place of the largest element, or of bf16.
    const double unit = exact[o].type.dtype == DType::kBf16 ? 0x1p-9 : 0x1p-24;
    expect_close(in_float[o], exact[o], 1.001 * unit, fmt::format("output {}", o));
    expect_close(in_double[o], exact[o], 1e-9, fmt::format("output {} in double", o));
  }
}

TEST_P(Gradient, Rule) {
  expect_gradient(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Ops, Conformance, testing::ValuesIn(conformance_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Ops, Gradient, testing::ValuesIn(gradient_cases()), case_name);

TEST(Supported, ReferenceHasEveryOp) {
  const auto reference = make_reference_device();
  for (const OpInfo* op : all_ops()) {
    if (op->cases == nullptr) continue;
    std::size_t supported = 0;
    const std::vector<OpCase> cases = op->cases();
    EXPECT_FALSE(cases.empty()) << op->name;
    for (const OpCase& arguments : cases) {
      const Graph graph = graph_of({op, 0, arguments});
      if (reference->target().supports(graph, graph.node(graph.size() - 1))) ++supported;
    }
    fmt::print("{:28} reference {:3} of {:3} cases\n", op->name, supported, cases.size());
    EXPECT_EQ(supported, cases.size()) << op->name;
  }
}

}  // namespace
}  // namespace bascule
