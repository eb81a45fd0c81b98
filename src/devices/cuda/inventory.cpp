#include "devices/cuda/inventory.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bascule::cuda {
namespace {

std::string version(int number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}
std::string capability(int number) {
  return fmt::format("{}.{}", number / 10, number % 10);
}

Status read_gpu(const Driver& driver, int ordinal, CudaGpu& gpu) {
  int device = 0, major = 0, minor = 0;
  std::array<char, 256> name{};
  std::size_t memory = 0;
  BASCULE_TRY(call(driver, driver.device_get, &device, ordinal));
  BASCULE_TRY(
      call(driver, driver.device_name, name.data(), static_cast<int>(name.size() - 1), device));
  BASCULE_TRY(call(driver, driver.device_memory, &memory, device));
  BASCULE_TRY(call(driver, driver.device_attribute, &major, kComputeMajor, device));
  BASCULE_TRY(call(driver, driver.device_attribute, &minor, kComputeMinor, device));
  gpu.name = name.data();
  gpu.memory = static_cast<std::int64_t>(memory);
  gpu.capability = 10 * major + minor;
  return {};
}

/// Kernels run on a driver of their toolkit's major version or a later one.
Status check_driver(const Driver& driver, const Images& images, CudaInventory& found) {
  if (images.all.empty())
    return {Code::kNoDevice, "this build has no CUDA kernels: nvcc was not found when it was made"};
  BASCULE_TRY(call(driver, driver.version, &found.driver));
  const int least = images.toolkit / 1000 * 1000;
  if (found.driver < least)
    return {Code::kNoDevice, fmt::format("the NVIDIA driver is too old: it is made for CUDA {}, "
                                         "and the kernels of this build need {}",
                                         version(found.driver), version(least))};
  const int result = driver.init.function(0);
  if (result == kNoGpu) return {Code::kNoDevice, "the NVIDIA driver finds no GPU"};
  if (result != kSuccess) return {Code::kNoDevice, describe(driver, driver.init.name, result)};
  return {};
}

Status list_gpus(const Driver& driver, const Images& images, CudaInventory& found) {
  BASCULE_TRY(check_driver(driver, images, found));
  int count = 0;
  BASCULE_TRY(call(driver, driver.device_count, &count));
  if (count == 0) return {Code::kNoDevice, "the NVIDIA driver finds no GPU"};
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    CudaGpu gpu;
    if (Status status = read_gpu(driver, ordinal, gpu); !status.ok())
      gpu.why = status.error().message;
    else if (gpu.capability < images.least_capability)
      gpu.why = fmt::format("compute capability {}; the kernels of this build need {}",
                            capability(gpu.capability), capability(images.least_capability));
    found.gpus.push_back(std::move(gpu));
  }
  return {};
}

std::string products_text(const Libraries& libraries) {
  if (libraries.blas_lt == nullptr) return "by plain kernels";
  const Result<const BlasLt*> blas = libraries.blas_lt();
  if (!blas.ok()) return "by plain kernels: " + blas.error().message;
  return "by cuBLASLt " + version_text(**blas);
}

}  // namespace

CudaInventory take_inventory(const Result<const Driver*>& driver, const Images& images,
                             const Libraries& libraries) {
  CudaInventory found;
  found.toolkit = images.toolkit;
  const Status status = driver.ok() ? list_gpus(**driver, images, found) : Status(driver.error());
  if (!status.ok()) found.why = status.error().message;
  const auto usable = [](const CudaGpu& gpu) { return gpu.why.empty(); };
  if (std::any_of(found.gpus.begin(), found.gpus.end(), usable))
    found.products = products_text(libraries);
  return found;
}

}  // namespace bascule::cuda

namespace bascule {

CudaInventory cuda_inventory() {
  return cuda::take_inventory(cuda::system_driver(), cuda::kernel_images(),
                              cuda::system_libraries());
}

}  // namespace bascule
