#include "devices/cuda/library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bascule::cuda {

Result<Library> Library::open(std::initializer_list<const char*> names) {
  for (const char* folder : {"", "/usr/local/cuda/lib64/"}) {
    for (const char* name : names) {
      void* handle = ::dlopen((std::string(folder) + name).c_str(), RTLD_NOW | RTLD_LOCAL);
      if (handle != nullptr) return Library(handle, name);
    }
  }
  const bool several = names.size() > 1;
  return Error{Code::kNoDevice, fmt::format("{}{} was {}found", several ? "neither " : "",
                                            fmt::join(names, " nor "), several ? "" : "not ")};
}

void* Library::symbol(const char* name) const {
  return ::dlsym(handle_, name);
}

Status Library::lacks(const char* name) const {
  return {Code::kNoDevice, fmt::format("{} has no {}", name_, name)};
}

Status check_major(std::string_view library, int major, int least, int most) {
  if (major >= least && major <= most) return {};
  return {Code::kNoDevice, fmt::format("{} {} is too {}: {} to {} are known", library, major,
                                       major < least ? "old" : "new", least, most)};
}

}  // namespace bascule::cuda
