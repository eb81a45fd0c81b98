// The cuda device over the emulated driver: all cases of all ops that it supports against the
// judge. What runs is the device's own code down to the launch, and the bodies of its kernels.
#include <fmt/format.h>

#include "conformance/op_conformance.h"
#include "cuda/fake_blas.h"
#include "cuda/fake_driver.h"
#include "devices/cuda/device.h"

namespace bascule {
namespace {

void expect_plain_kernels_conform(const ConformanceCase& one) {
  test::FakeDriver fake;
  auto device = cuda::open_device(fake.driver(), fake.images(), 0);
  ASSERT_TRUE(device.ok()) << device.error().message;
  expect_conforms(**device, one);
  if (::testing::Test::IsSkipped()) return;
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

/// Products by cuBLASLt: layouts, strides, transposes and epilogues.
void expect_blas_conforms(const ConformanceCase& one) {
  test::FakeDriver fake;
  test::FakeBlas blas(fake);
  auto device = cuda::open_device(fake.driver(), fake.images(), 0, {}, blas.libraries());
  ASSERT_TRUE(device.ok()) << device.error().message;
  expect_conforms(**device, one);
  const auto& inputs = one.arguments.inputs;
  const bool empty = inputs[0].shape.count() == 0 || inputs[1].shape.count() == 0;
  EXPECT_EQ(blas.products() > 0, !empty);
  EXPECT_LE(blas.heuristics(), 1);  // asked once for a shape
}

TEST_P(Conformance, CudaEmulated) {
  expect_plain_kernels_conform(GetParam());
  if (GetParam().op->product) expect_blas_conforms(GetParam());
}

}  // namespace
}  // namespace bascule
