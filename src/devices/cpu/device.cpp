#include "devices/cpu/device.h"

#include <algorithm>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>

#include "devices/cpu/cpu_kernels.h"
#include "devices/cpu/gemm_isa.h"
#include "devices/cpu/large_memory.h"
#include "devices/cpu/panels.h"
#include "devices/host_memory.h"
#include "graph/ops/optimizers.h"

namespace bascule {
namespace detail {
namespace {

const CpuOp* find_cpu_op(const Node& node) {
  static const std::map<std::string_view, const CpuOp*> table = [] {
    std::map<std::string_view, const CpuOp*> by_name;
    for (const auto& family : {cpu_element_ops(), cpu_reduce_ops(), cpu_softmax_ops(),
                               cpu_row_ops(), cpu_move_ops(), cpu_cast_ops(), cpu_random_ops(),
                               cpu_product_ops(), cpu_optimizer_ops(), cpu_sparse_ops()}) {
      for (const CpuOp& op : family) by_name.emplace(op.op, &op);
    }
    return by_name;
  }();
  const auto at = table.find(node.op->name);
  if (at == table.end()) return nullptr;
  const CpuOp* op = at->second;
  return op->supports == nullptr || op->supports(node) ? op : nullptr;
}

class CpuDevice final : public Device {
 public:
  CpuDevice(ThreadPool& pool, const VectorKernels& vector, const GemmKernels& gemm)
      : context_{pool, vector, gemm} {
    target_.device = "cpu";
    target_.fused = true;
    target_.bf16 = has_bf16_products(gemm);
    target_.panel = gemm.panel;
    target_.lanes = kLanes;
    target_.threads = pool.threads();
    target_.supports = [](const Graph&, const Node& node) {
      if (node.op->cases == nullptr) return true;
      // Products of fp16 and the updates of a scaled loss are the GPUs'.
      if (multiplies_fp16(node) || detail::is_gated(node.attributes)) return false;
      return find_cpu_op(node) != nullptr;
    };
  }

  [[nodiscard]] const Target& target() const override { return target_; }

  [[nodiscard]] Result<std::unique_ptr<DeviceMemory>> allocate(std::int64_t bytes) override {
    return bytes >= LargeMemory::kLeast ? LargeMemory::make(bytes) : HostMemory::make(bytes);
  }
  void upload(const void* host, void* device, const ValueType& type, Layout layout) override {
    if (layout == Layout::kRowMajor) return copy(host, device, type.bytes());
    const auto* from = static_cast<const float*>(host);
    auto* to = static_cast<float*>(device);
    if (layout == Layout::kHalves)
      return split_halves(type.shape[0], Halves(panels(type)), from, to);
    pack_panels(context_.gemm, panels(type), from, to);
  }
  void download(const void* device, void* host, const ValueType& type, Layout layout) override {
    if (layout == Layout::kRowMajor) return copy(device, host, type.bytes());
    const auto* from = static_cast<const float*>(device);
    auto* to = static_cast<float*>(host);
    if (layout == Layout::kHalves)
      return join_halves(type.shape[0], Halves(panels(type)), from, to);
    unpack_panels(panels(type), from, to);
  }
  void copy(const void* from, void* to, std::int64_t bytes) override {
    if (bytes > 0) std::memmove(to, from, static_cast<std::size_t>(bytes));
  }

  [[nodiscard]] Result<std::unique_ptr<Kernel>> prepare(const KernelRequest& request) override {
    const CpuOp* op = find_cpu_op(request.node);
    std::unique_ptr<Kernel> kernel;
    if (op != nullptr && layouts_fit(*op, request)) kernel = op->make(context_, request);
    if (kernel == nullptr)
      return Error{Code::kUsage,
                   fmt::format("the cpu device has no kernel for this {}", request.node.op->name)};
    return kernel;
  }

 private:
  [[nodiscard]] Panels panels(const ValueType& type) const {
    return {type.shape[0], type.shape[1], context_.gemm.panel};
  }
  [[nodiscard]] static bool layouts_fit(const CpuOp& op, const KernelRequest& request) {
    const auto plain = [](Layout layout) { return layout == Layout::kRowMajor; };
    if (std::all_of(request.input_layouts.begin(), request.input_layouts.end(), plain) &&
        std::all_of(request.output_layouts.begin(), request.output_layouts.end(), plain))
      return true;
    return op.panels != nullptr && op.panels(request);
  }

  CpuContext context_;
  Target target_;
};

}  // namespace

std::unique_ptr<Device> make_cpu_device(ThreadPool& pool, const VectorKernels& vector,
                                        const GemmKernels& gemm) {
  return std::make_unique<CpuDevice>(pool, vector, gemm);
}

}  // namespace detail

std::unique_ptr<Device> make_cpu_device(ThreadPool& pool) {
  return detail::make_cpu_device(pool, detail::vector_kernels(), detail::gemm_kernels());
}

}  // namespace bascule
