// Which programs can be planned for a GPU, on the null device: no GPU and no driver is asked.
#include <set>

#include <gtest/gtest.h>

#include <bascule/devices/cuda_device.h>
#include <bascule/devices/null_device.h>
#include <bascule/devices/resident_rows.h>
#include <bascule/graph/op.h>
#include <bascule/recsys/mult_vae.h>
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
        test::training_graph(
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

/// The least memory of a card that the kernels are compiled for.
constexpr std::int64_t kCard = std::int64_t{8} << 30;

struct Named {
  const char* name;
  std::vector<std::int64_t> widths;
  std::int64_t batch;
  const char* optimizer;
  std::int64_t states;  ///< arrays beside each weight
};

TEST(CudaPlans, TheNamedNetworksFitACard) {
  const Named all[] = {{"C1", {1024, 100, 10}, 128, "nesterov", 1},
                       {"C3", {3072, 3000, 1000, 10}, 32, "sgd", 0},
                       {"C4", {784, 500, 500, 500, 500, 500, 10}, 32, "adam", 2}};
  for (const Named& network : all) {
    SCOPED_TRACE(network.name);
    const auto device = make_null_device(cuda_target());
    VariableStore store(*device);
    const auto program = Program::make(
        test::training_graph(
            {.batch = network.batch, .widths = network.widths, .optimizer = network.optimizer}),
        store);
    ASSERT_TRUE(program.ok()) << program.error().message;
    std::int64_t weights = 0;
    for (std::size_t i = 1; i < network.widths.size(); ++i)
      weights += network.widths[i - 1] * network.widths[i];
    const std::int64_t kept = weights * (1 + network.states) * std::int64_t{sizeof(float)};
    EXPECT_GT(device->counts().peak, kept);
    // Activations and gradients of a batch are little beside it.
    EXPECT_LT(device->counts().peak, 2 * kept);
    EXPECT_LT(device->counts().peak, kCard);
  }
}

TEST(CudaPlans, MultVaeOfMovieLens20MFitsACardWithItsRows) {
  constexpr std::int64_t kUsers = 116'677, kItems = 20'108, kEach = 73;
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> items;
  for (std::int64_t user = 0; user < kUsers; ++user) {
    for (std::int64_t i = 0; i < kEach; ++i)
      items.push_back(static_cast<std::int32_t>(user % 275 + 275 * i));
    offsets.push_back(std::ssize(items));
  }
  const std::vector<float> values(items.size(), 1);
  const CompressedView train{kUsers, kItems, offsets.data(), items.data(), values.data()};
  MultVae model({});
  ASSERT_TRUE(model.use_device(make_null_device(cuda_target())).ok());
  const auto planned = model.device_fit_bytes(train);
  ASSERT_TRUE(planned.ok()) << planned.error().message;
  constexpr std::int64_t kWeights = 2 * kItems * 600, kWithStates = 3 * kWeights * 4;
  EXPECT_GT(*planned, kWithStates);
  EXPECT_LT(*planned + resident_bytes(train, 500, 500 * kEach), kCard);
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
