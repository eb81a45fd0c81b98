#include "unit/run/panel_device.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace bascule::test {
namespace {

constexpr std::int64_t kPanel = 4, kLanes = 2;

/// Calls body(index in row-major order, index in panels) for every element.
template <class Body>
void for_each_element(const Shape& shape, Body body) {
  for (std::int64_t column = 0; column < shape[1]; ++column) {
    const std::int64_t first = column / kPanel * kPanel;
    const std::int64_t rest = (shape[1] - first + kLanes - 1) / kLanes * kLanes;
    const std::int64_t width = std::min(kPanel, rest);
    for (std::int64_t row = 0; row < shape[0]; ++row)
      body(row * shape[1] + column, first * shape[0] + row * width + column - first);
  }
}

class PanelDevice final : public Device {
 public:
  PanelDevice() : inner_(make_reference_device()), target_(inner_->target()) {
    target_.device = "panels";
    target_.panel = kPanel;
    target_.lanes = kLanes;
  }
  [[nodiscard]] const Target& target() const override { return target_; }
  [[nodiscard]] Result<std::unique_ptr<DeviceMemory>> allocate(std::int64_t bytes) override {
    return inner_->allocate(bytes);
  }
  void upload(const void* host, void* device, const ValueType& type, Layout layout) override {
    if (layout == Layout::kRowMajor) return inner_->upload(host, device, type, layout);
    std::memset(device, 0, static_cast<std::size_t>(target_.bytes(type, layout)));
    for_each_element(type.shape, [&](std::int64_t plain, std::int64_t panels) {
      static_cast<float*>(device)[panels] = static_cast<const float*>(host)[plain];
    });
  }
  void download(const void* device, void* host, const ValueType& type, Layout layout) override {
    if (layout == Layout::kRowMajor) return inner_->download(device, host, type, layout);
    for_each_element(type.shape, [&](std::int64_t plain, std::int64_t panels) {
      static_cast<float*>(host)[plain] = static_cast<const float*>(device)[panels];
    });
  }
  void copy(const void* from, void* to, std::int64_t bytes) override {
    inner_->copy(from, to, bytes);
  }
  [[nodiscard]] Result<std::unique_ptr<Kernel>> prepare(const KernelRequest& request) override;

 private:
  std::unique_ptr<Device> inner_;
  Target target_;
};

class ConvertingKernel final : public Kernel {
 public:
  ConvertingKernel(Device& device, std::unique_ptr<Kernel> inner, const KernelRequest& request)
      : device_(device),
        inner_(std::move(inner)),
        inputs_(request.inputs.begin(), request.inputs.end()),
        outputs_(request.node.outputs),
        input_layouts_(request.input_layouts.begin(), request.input_layouts.end()),
        output_layouts_(request.output_layouts.begin(), request.output_layouts.end()) {}

  void launch(const KernelArguments& arguments) override {
    std::vector<std::vector<float>> plain;
    const auto storage = [&](const ValueType& type) -> void* {
      return plain.emplace_back(static_cast<std::size_t>(type.shape.count())).data();
    };
    std::vector<void*> inputs(arguments.inputs.begin(), arguments.inputs.end());
    std::vector<void*> outputs(arguments.outputs.begin(), arguments.outputs.end());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (input_layouts_[i] == Layout::kRowMajor) continue;
      inputs[i] = storage(inputs_[i]);
      device_.download(arguments.inputs[i], inputs[i], inputs_[i], Layout::kPanels);
    }
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      if (output_layouts_[o] == Layout::kPanels) outputs[o] = storage(outputs_[o]);
    }
    inner_->launch({inputs, outputs, arguments.workspace});
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      if (output_layouts_[o] == Layout::kPanels)
        device_.upload(outputs[o], arguments.outputs[o], outputs_[o], Layout::kPanels);
    }
  }

 private:
  Device& device_;
  std::unique_ptr<Kernel> inner_;
  std::vector<ValueType> inputs_, outputs_;
  std::vector<Layout> input_layouts_, output_layouts_;
};

Result<std::unique_ptr<Kernel>> PanelDevice::prepare(const KernelRequest& request) {
  const std::vector<Layout> inputs(request.inputs.size(), Layout::kRowMajor);
  const std::vector<Layout> outputs(request.node.outputs.size(), Layout::kRowMajor);
  BASCULE_ASSIGN(auto inner, inner_->prepare({request.node, request.inputs, inputs, outputs}));
  return std::unique_ptr<Kernel>(
      std::make_unique<ConvertingKernel>(*this, std::move(inner), request));
}

}  // namespace

std::unique_ptr<Device> make_panel_device() {
  return std::make_unique<PanelDevice>();
}

}  // namespace bascule::test
