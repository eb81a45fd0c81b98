// Which programs can be planned for a GPU, on the null device: no GPU and no driver is asked.
#include <set>

#include <gtest/gtest.h>

#include <bascule/devices/cuda_device.h>
#include <bascule/devices/null_device.h>
#include <bascule/graph/op.h>
#include <bascule/run/program.h>

#include "file_text.h"
#include "recsys/mult_vae_graphs.h"
#include "unit/compile/training_graph.h"

namespace bascule {
namespace {

TEST(CudaPlans, DenseNetworksHaveEveryKernel) {
  const auto device = make_null_device(cuda_target());
  for (const char* optimizer : {"sgd", "momentum", "nesterov", "rmsprop", "adam", "lion"}) {
    SCOPED_TRACE(optimizer);
    VariableStore store(*device);
    const auto program = Program::make(
        testing::training_graph(
            {.batch = 128, .widths = {1024, 100, 10}, .optimizer = optimizer, .dropout = 0.2}),
        store);
    EXPECT_TRUE(program.ok()) << program.error().message;
  }
}

/// Names of the ops of a graph that a GPU lacks.
std::set<std::string> missing(const Graph& graph) {
  const Target target = cuda_target();
  std::set<std::string> names;
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (!target.supports(graph, graph.node(id))) names.emplace(graph.node(id).op->name);
  }
  return names;
}

TEST(CudaPlans, MultVaeHasEveryKernel) {
  const MultVaeOptions options;
  const detail::VaeForm form(options, 1000);
  for (const bool dense_feed : {false, true}) {
    EXPECT_EQ(missing(detail::vae_training_graph(form, options, 100, 20000, 10, dense_feed)),
              std::set<std::string>{});
  }
}

TEST(CudaPlans, ASampledSoftmaxHasAllItsKernels) {
  MultVaeOptions options;
  options.sampled_softmax = 64;
  const detail::VaeForm form(options, 1000);
  EXPECT_EQ(missing(detail::vae_sampled_graph(form, options, 100, 20000, 10, 512)),
            std::set<std::string>{});
}

/// docs/gpu-status.md has a row for every op, with the truth in its second column.
TEST(CudaPlans, TheStatusPageIsTrue) {
  const std::string page = contents_of(BASCULE_TEST_DIR "/../docs/gpu-status.md");
  const Target target = cuda_target();
  for (const OpInfo* op : all_ops()) {
    if (op->cases == nullptr) continue;
    std::size_t supported = 0;
    const std::vector<OpCase> cases = op->cases();
    for (const OpCase& one : cases) {
      Graph graph;
      std::vector<Value> inputs;
      for (const ValueType& type : one.inputs)
        inputs.push_back(graph.input(std::to_string(inputs.size()), type));
      graph.add(*op, inputs, one.attributes);
      supported += target.supports(graph, graph.node(graph.size() - 1)) ? 1U : 0U;
    }
    EXPECT_TRUE(supported == 0 || supported == cases.size()) << op->name;
    const std::string row = "| `" + std::string(op->name) + "` | " + (supported > 0 ? "yes" : "no");
    EXPECT_NE(page.find(row + " |"), std::string::npos) << "docs/gpu-status.md lacks: " << row;
  }
}

}  // namespace
}  // namespace bascule
