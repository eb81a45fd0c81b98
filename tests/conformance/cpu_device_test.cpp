// The cpu device with every instruction set of this processor: all cases of all ops against the
// judge, weights in panels, memory.
#include <bascule/graph/ops.h>

#include "conformance/cpu_instruction_sets.h"
#include "conformance/op_conformance.h"
#include "graph/ops/optimizers.h"

namespace bascule {
namespace {

TEST_P(Conformance, Cpu) {
  for (const InstructionSet& set : instruction_sets()) {
    SCOPED_TRACE(set.vector->name);
    const auto device = detail::make_cpu_device(default_pool(), *set.vector, *set.gemm);
    expect_conforms(*device, GetParam());
    if (IsSkipped()) return;
  }
}

TEST(CpuDevice, HasEveryOpButLionInAProductWhatFp16NeedsAndMultiUpdate) {
  const auto device = make_cpu_device(default_pool());
  for (const ConformanceCase& one : conformance_cases()) {
    const Graph graph = graph_of(one);
    const Node& node = graph.node(graph.size() - 1);
    const bool lion =
        node.attributes.has("optimizer") && node.attributes.text("optimizer") == "lion_update";
    const bool fp16 = multiplies_fp16(node) || detail::is_gated(node.attributes);
    const bool multi = node.op->name == "multi_update";  // launches cost next to nothing here
    EXPECT_EQ(device->target().supports(graph, node), !multi && !lion && !fp16) << one;
  }
}

/// Values in device memory, in the layouts that a plan would give them.
class Place {
 public:
  Place(Device& device, const Tensor& tensor, Layout layout) : device_(device), layout_(layout) {
    auto memory = device.allocate(device.target().bytes(tensor.type, layout));
    memory_ = std::move(memory).value();
    if (tensor.type.dtype == DType::kI64) {
      const std::vector<std::int64_t> host(tensor.values.begin(), tensor.values.end());
      device.upload(host.data(), memory_->data(), tensor.type, layout);
    } else {
      const std::vector<float> host(tensor.values.begin(), tensor.values.end());
      device.upload(host.data(), memory_->data(), tensor.type, layout);
    }
    type_ = tensor.type;
  }
  [[nodiscard]] void* data() { return memory_->data(); }
  [[nodiscard]] Tensor tensor() {
    std::vector<float> host(static_cast<std::size_t>(type_.shape.count()));
    device_.download(memory_->data(), host.data(), type_, layout_);
    return {type_, {host.begin(), host.end()}};
  }

 private:
  Device& device_;
  Layout layout_;
  ValueType type_;
  std::unique_ptr<DeviceMemory> memory_;
};

// The weight and its states in panels, updated in place: what training does.
TEST(CpuDevice, UpdatesWeightsInPanels) {
  for (const ConformanceCase& one : conformance_cases()) {
    if (one.op->name != "linear_update") continue;
    SCOPED_TRACE(one.arguments.name);
    const Graph graph = graph_of(one);
    const Node& node = graph.node(graph.size() - 1);
    if (node.attributes.text("optimizer") == "lion_update" || multiplies_fp16(node)) continue;
    const std::vector<Tensor> inputs = draw_inputs(one);
    const auto reference = make_reference_device();
    const std::vector<Tensor> judged = Interpreter(*reference).run(graph, node, inputs);
    for (const InstructionSet& set : instruction_sets()) {
      SCOPED_TRACE(set.gemm->name);
      const auto device = detail::make_cpu_device(default_pool(), *set.vector, *set.gemm);
      std::vector<Layout> layouts(inputs.size(), Layout::kRowMajor);
      std::fill_n(layouts.begin() + 2, judged.size(), Layout::kPanels);
      if (multiplies_bf16(node)) layouts[2] = Layout::kHalves;
      const std::vector<Layout> panels(layouts.begin() + 2,
                                       layouts.begin() + 2 + std::ssize(judged));
      auto kernel = device->prepare({node, one.arguments.inputs, layouts, panels});
      ASSERT_TRUE(kernel.ok());
      std::vector<Place> places;
      std::vector<void*> in, out;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        places.emplace_back(*device, inputs[i], layouts[i]);
        in.push_back(places.back().data());
        if (layouts[i] != Layout::kRowMajor) out.push_back(in.back());
      }
      auto workspace = device->allocate((*kernel)->workspace_bytes());
      ASSERT_TRUE(workspace.ok());
      (*kernel)->launch({in, out, (*workspace)->data()});
      for (std::size_t o = 0; o < judged.size(); ++o)
        expect_close(places[2 + o].tensor(), judged[o], one.arguments.tolerance, "from panels");
    }
  }
}

TEST(CpuDevice, RefusesLayoutsThatItsKernelsDoNotRead) {
  const auto device = make_cpu_device(default_pool());
  for (const ConformanceCase& one : conformance_cases()) {
    const Graph graph = graph_of(one);
    const Node& node = graph.node(graph.size() - 1);
    if (!device->target().supports(graph, node)) continue;
    for (const Layout layout : {Layout::kPanels, Layout::kHalves}) {
      const std::vector<Layout> inputs(one.arguments.inputs.size(), layout);
      const std::vector<Layout> outputs(node.outputs.size(), Layout::kRowMajor);
      auto kernel = device->prepare({node, one.arguments.inputs, inputs, outputs});
      ASSERT_FALSE(kernel.ok()) << one;
      EXPECT_EQ(kernel.error().code, Code::kUsage);
    }
  }
}

TEST(CpuDevice, MemoryOfAnySizeIsAlignedAndZero) {
  const auto device = make_cpu_device(default_pool());
  for (const std::int64_t bytes : {0, 1, 1000, (2 << 20) - 1, 2 << 20, (5 << 20) + 3}) {
    auto memory = device->allocate(bytes);
    ASSERT_TRUE(memory.ok());
    EXPECT_EQ((*memory)->bytes(), bytes);
    const auto address = reinterpret_cast<std::uintptr_t>((*memory)->data());
    EXPECT_EQ(address % static_cast<std::uintptr_t>(bytes >= 2 << 20 ? 2 << 20 : 64), 0U);
    const auto* data = static_cast<const char*>((*memory)->data());
    EXPECT_TRUE(std::all_of(data, data + bytes, [](char c) { return c == 0; }));
  }
  const auto refused = device->allocate(std::numeric_limits<std::int64_t>::max());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailed);
}

}  // namespace
}  // namespace bascule
