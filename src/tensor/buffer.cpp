#include <cstdlib>

#include <fmt/format.h>

#include <bascule/tensor/buffer.h>

namespace bascule::detail {

void* aligned_allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (bytes == 0) return nullptr;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  return rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded);
}

void aligned_free(void* p) noexcept {
  std::free(p);
}

Error out_of_memory(std::size_t count, std::size_t element_size) {
  return {Code::kFailed,
          fmt::format("not enough memory for {} elements of {} bytes", count, element_size)};
}

}  // namespace bascule::detail
