#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <bascule/devices/null_device.h>
#include <bascule/graph/op.h>

namespace bascule {
namespace {

struct Costs {
  double flops, bytes;
};

class NullKernel final : public Kernel {
 public:
  NullKernel(Costs costs, NullDevice::Counts& counts) : costs_(costs), counts_(counts) {}
  [[nodiscard]] std::string description() const override { return "counts"; }
  void launch(const KernelArguments&) override {
    ++counts_.launches;
    counts_.flops += costs_.flops;
    counts_.bytes += costs_.bytes;
  }

 private:
  Costs costs_;
  NullDevice::Counts& counts_;
};

/// So many bytes that exist on paper: an address that nothing reads or writes.
class NullMemory final : public DeviceMemory {
 public:
  NullMemory(std::int64_t bytes, NullDevice::Counts& counts) : bytes_(bytes), counts_(counts) {
    counts_.allocated += bytes_;
    counts_.peak = std::max(counts_.peak, counts_.allocated);
  }
  ~NullMemory() override { counts_.allocated -= bytes_; }
  NullMemory(const NullMemory&) = delete;
  NullMemory& operator=(const NullMemory&) = delete;

  [[nodiscard]] void* data() override { return this; }
  [[nodiscard]] std::int64_t bytes() const override { return bytes_; }

 private:
  std::int64_t bytes_;
  NullDevice::Counts& counts_;
};

class PlanningDevice final : public NullDevice {
 public:
  explicit PlanningDevice(const Target& like) : target_(like) {}

  [[nodiscard]] const Target& target() const override { return target_; }
  [[nodiscard]] Result<std::unique_ptr<DeviceMemory>> allocate(std::int64_t bytes) override {
    return std::unique_ptr<DeviceMemory>(std::make_unique<NullMemory>(bytes, counts_));
  }
  void upload(const void*, void*, const ValueType& type, Layout layout) override {
    counts_.transferred += static_cast<double>(target_.bytes(type, layout));
  }
  void download(const void*, void* host, const ValueType& type, Layout layout) override {
    counts_.transferred += static_cast<double>(target_.bytes(type, layout));
    if (type.bytes() > 0) std::memset(host, 0, static_cast<std::size_t>(type.bytes()));
  }
  void copy(const void*, void*, std::int64_t bytes) override {
    counts_.copied += static_cast<double>(bytes);
  }
  [[nodiscard]] Result<std::unique_ptr<Kernel>> prepare(const KernelRequest& request) override {
    const Costs costs = {node_flops(request.node, request.inputs),
                         node_bytes(request.node, request.inputs)};
    return std::unique_ptr<Kernel>(std::make_unique<NullKernel>(costs, counts_));
  }

  [[nodiscard]] const Counts& counts() const override { return counts_; }
  void reset_counts() override {
    const std::int64_t allocated = counts_.allocated;
    counts_ = {};
    counts_.allocated = counts_.peak = allocated;
  }

 private:
  Target target_;
  Counts counts_;
};

}  // namespace

std::unique_ptr<NullDevice> make_null_device(const Target& like) {
  return std::make_unique<PlanningDevice>(like);
}

}  // namespace bascule
