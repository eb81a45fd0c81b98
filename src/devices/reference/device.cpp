#include "devices/reference/device.h"

#include <algorithm>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "devices/host_memory.h"
#include "devices/reference/loops.h"

namespace bascule {
namespace reference {
namespace {

template <class Real>
const LoopEntry* find_loop(std::string_view op) {
  static const std::map<std::string_view, LoopEntry> table = [] {
    std::map<std::string_view, LoopEntry> entries;
    for (const auto& family :
         {elementwise_loops<Real>(), matmul_loops<Real>(), move_loops<Real>(), cast_loops<Real>(),
          reduce_loops<Real>(), row_loops<Real>(), softmax_loops<Real>(), random_loops<Real>(),
          optimizer_loops<Real>(), map_loops<Real>(), cross_entropy_loops<Real>(),
          sparse_loops<Real>()})
      for (const LoopEntry& entry : family) entries.emplace(entry.op, entry);
    return entries;
  }();
  const auto at = table.find(op);
  return at == table.end() ? nullptr : &at->second;
}

class LoopKernel final : public Kernel {
 public:
  explicit LoopKernel(Loop loop) : loop_(std::move(loop)) {}
  [[nodiscard]] std::string description() const override { return "plain loop"; }
  void launch(const KernelArguments& arguments) override { loop_(arguments); }

 private:
  Loop loop_;
};

template <class Real>
std::int64_t value_bytes(const ValueType& type) {
  const bool real = type.dtype == DType::kF32 || type.dtype == DType::kBf16;
  // The stored elements of a CSR matrix have no gradients and stay floats.
  if (std::is_same_v<Real, double> && real && type.storage == Storage::kDense)
    return type.shape.count() * static_cast<std::int64_t>(sizeof(double));
  return type.bytes();
}

template <class Real>
class ReferenceDevice final : public Device {
 public:
  ReferenceDevice() {
    target_.device = "reference";
    target_.fused = true;  // the judge of fused ops too
    target_.fp16 = true;
    target_.supports = [](const Graph&, const Node& node) {
      return node.op->cases == nullptr || find_loop<Real>(node.op->name) != nullptr;
    };
  }

  [[nodiscard]] const Target& target() const override { return target_; }
  [[nodiscard]] Result<std::unique_ptr<DeviceMemory>> allocate(std::int64_t bytes) override {
    return detail::HostMemory::make(bytes);
  }
  void upload(const void* host, void* device, const ValueType& type, Layout) override {
    copy(host, device, value_bytes<Real>(type));
  }
  void download(const void* device, void* host, const ValueType& type, Layout) override {
    copy(device, host, value_bytes<Real>(type));
  }
  void copy(const void* from, void* to, std::int64_t bytes) override {
    if (bytes > 0) std::memmove(to, from, static_cast<std::size_t>(bytes));
  }
  [[nodiscard]] Result<std::unique_ptr<Kernel>> prepare(const KernelRequest& request) override {
    const auto plain = [](Layout layout) { return layout == Layout::kRowMajor; };
    const LoopEntry* entry = find_loop<Real>(request.node.op->name);
    if (entry == nullptr)
      return Error{Code::kUsage,
                   fmt::format("the reference device has no loop for {}", request.node.op->name)};
    if (!std::all_of(request.input_layouts.begin(), request.input_layouts.end(), plain) ||
        !std::all_of(request.output_layouts.begin(), request.output_layouts.end(), plain))
      return Error{Code::kUsage, "the reference device knows row-major values only"};
    return std::unique_ptr<Kernel>(
        std::make_unique<LoopKernel>(entry->make({request.node, request.inputs})));
  }

 private:
  Target target_;
};

}  // namespace

std::unique_ptr<Device> make_double_device() {
  return std::make_unique<ReferenceDevice<double>>();
}

std::int64_t double_bytes(const ValueType& type) {
  return value_bytes<double>(type);
}

}  // namespace reference

std::unique_ptr<Device> make_reference_device() {
  return std::make_unique<reference::ReferenceDevice<float>>();
}

}  // namespace bascule
