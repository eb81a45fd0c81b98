#include "devices/cpu/large_memory.h"

#include <limits>
#include <memory>

#include <sys/mman.h>

#include <bascule/tensor/buffer.h>

namespace bascule::detail {

Result<std::unique_ptr<DeviceMemory>> LargeMemory::make(std::int64_t bytes) {
  if (bytes > std::numeric_limits<std::int64_t>::max() - 2 * kHugePage)
    return out_of_memory(static_cast<std::size_t>(bytes), 1);
  // One page more, of which the part before the first boundary is left alone.
  auto space = static_cast<std::size_t>(bytes + 2 * kHugePage - 1) / kHugePage * kHugePage;
  const std::size_t mapped = space;
  void* mapping = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return out_of_memory(static_cast<std::size_t>(bytes), 1);
  void* data = mapping;
  std::align(static_cast<std::size_t>(kHugePage), static_cast<std::size_t>(bytes), data, space);
  madvise(data, space, MADV_HUGEPAGE);  // a wish
  return std::unique_ptr<DeviceMemory>(new LargeMemory(mapping, mapped, data, bytes));
}

LargeMemory::~LargeMemory() {
  munmap(mapping_, mapped_);
}

}  // namespace bascule::detail
