// The cuda device over the emulated driver: all cases of all ops that it supports against the
// judge. What runs is the device's own code down to the launch, and the bodies of its kernels.
#include <fmt/format.h>

#include "conformance/op_conformance.h"
#include "cuda/fake_driver.h"
#include "devices/cuda/device.h"

namespace bascule {
namespace {

TEST_P(Conformance, CudaEmulated) {
  const ConformanceCase& one = GetParam();
  testing::FakeDriver fake;
  auto device = cuda::open_device(fake.driver(), fake.images(), 0);
  ASSERT_TRUE(device.ok()) << device.error().message;
  expect_conforms(**device, one);
  if (IsSkipped()) return;
  // Threads of a block run in any order between barriers, and blocks in any order at all.
  const Graph graph = graph_of(one);
  const Node& node = graph.node(graph.size() - 1);
  const std::vector<Tensor> inputs = draw_inputs(one);
  Interpreter interpreter(**device);
  const auto forwards = interpreter.run(graph, node, inputs);
  fake.backwards = true;
  const auto backwards = interpreter.run(graph, node, inputs);
  for (std::size_t o = 0; o < forwards.size(); ++o)
    expect_close(backwards[o], forwards[o], 0, fmt::format("output {} backwards", o));
}

}  // namespace
}  // namespace bascule
