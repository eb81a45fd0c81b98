#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bascule::test {

/// A kernel body compiled for the host.
struct EmulatedKernel {
  const char* family;
  const char* symbol;
  std::size_t argument_bytes;
  void (*run)(const void* arguments, std::int64_t blocks, bool backwards);
};

/// Null when there is no such kernel in the family.
const EmulatedKernel* find_emulated_kernel(std::string_view family, std::string_view symbol);

}  // namespace bascule::test
