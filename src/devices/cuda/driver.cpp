#include "devices/cuda/driver.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace bascule::cuda {
namespace {

constexpr const char* kLibrary = "libcuda.so.1";

Result<Driver> load() {
  // Never closed: the driver's threads and exit handlers do not survive it.
  void* library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return Error{Code::kNoDevice, fmt::format("no NVIDIA driver: {} was not found", kLibrary)};
  Driver driver;
  const char* missing = nullptr;
  for_each_entry(driver, [&](auto& entry) {
    entry.function = reinterpret_cast<decltype(entry.function)>(::dlsym(library, entry.name));
    if (entry.function == nullptr) missing = entry.name;
  });
  if (missing != nullptr)
    return Error{Code::kNoDevice,
                 fmt::format("the NVIDIA driver is too old: {} has no {}", kLibrary, missing)};
  return driver;
}

}  // namespace

Result<const Driver*> system_driver() {
  static const Result<Driver> driver = load();
  if (!driver.ok()) return driver.error();
  return &driver.value();
}

std::string describe(const Driver& driver, const char* call, int result) {
  const char *name = nullptr, *text = nullptr;
  if (driver.error_name.function(result, &name) != kSuccess || name == nullptr ||
      driver.error_text.function(result, &text) != kSuccess || text == nullptr)
    return fmt::format("{}: error {}", call, result);
  return fmt::format("{}: {} ({})", call, text, name);
}

}  // namespace bascule::cuda
