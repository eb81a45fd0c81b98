#pragma once
#include <memory>
#include <string>
#include <utility>

#include <bascule/devices/device.h>

namespace bascule::detail {

/// A kernel made of a function of KernelArguments.
template <class Function>
class FunctionKernel final : public Kernel {
 public:
  FunctionKernel(std::string description, std::int64_t workspace, Function function)
      : description_(std::move(description)),
        workspace_(workspace),
        function_(std::move(function)) {}
  [[nodiscard]] std::int64_t workspace_bytes() const override { return workspace_; }
  [[nodiscard]] std::string description() const override { return description_; }
  void launch(const KernelArguments& arguments) override { function_(arguments); }

 private:
  std::string description_;
  std::int64_t workspace_;
  Function function_;
};
template <class Function>
std::unique_ptr<Kernel> make_kernel(std::string description, std::int64_t workspace,
                                    Function function) {
  return std::make_unique<FunctionKernel<Function>>(std::move(description), workspace,
                                                    std::move(function));
}

template <class T>
const T* input(const KernelArguments& arguments, std::size_t i) {
  return static_cast<const T*>(arguments.inputs[i]);
}
template <class T>
T* output(const KernelArguments& arguments, std::size_t i = 0) {
  return static_cast<T*>(arguments.outputs[i]);
}

}  // namespace bascule::detail
