#include "devices/cuda/kernel_library.h"

#include <fmt/format.h>

namespace bascule::cuda {

Result<std::unique_ptr<KernelLibrary>> KernelLibrary::load(std::shared_ptr<Queue> queue,
                                                           std::span<const Image> images,
                                                           const Libraries& libraries) {
  const Driver& driver = queue->driver();
  std::unique_ptr<KernelLibrary> library(new KernelLibrary(std::move(queue), libraries));
  for (const Image& image : images) {
    ModuleHandle module = nullptr;
    BASCULE_TRY(call(driver, driver.module_load, &module, image.data));
    library->modules_.emplace(image.family, OwnedModule(driver, module));
  }
  return library;
}

Result<FunctionHandle> KernelLibrary::find(const char* family, const char* symbol) const {
  const Driver& driver = queue_->driver();
  const auto module = modules_.find(family);
  if (module == modules_.end())
    return Error{Code::kFailed, fmt::format("{}: no kernels {}", queue_->name(), family)};
  FunctionHandle function = nullptr;
  const int result =
      queue_->attempt(driver.module_function, &function, module->second.get(), symbol);
  if (result == kSuccess) return function;
  return Error{Code::kFailed, fmt::format("{}: {}: {}", queue_->name(), symbol,
                                          describe(driver, driver.module_function.name, result))};
}

}  // namespace bascule::cuda
