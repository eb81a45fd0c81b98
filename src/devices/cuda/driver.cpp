#include "devices/cuda/driver.h"

#include <fmt/format.h>

namespace bascule::cuda {
namespace {

Result<Driver> load() {
  const Result<Library> library = Library::open({"libcuda.so.1"});
  if (!library.ok())
    return Error{Code::kNoDevice, fmt::format("no NVIDIA driver: {}", library.error().message)};
  Driver driver;
  if (const Status status = library->fill(driver); !status.ok())
    return Error{Code::kNoDevice,
                 fmt::format("the NVIDIA driver is too old: {}", status.error().message)};
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
