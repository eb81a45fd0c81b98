#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/mman.h>

#include <bascule/tensor/buffer.h>

namespace bascule::detail {
namespace {

/// Large arrays lie in huge pages where the system has them: rows of a matrix are far apart, and
/// small pages would cost a table walk for each.
constexpr std::size_t kHugePage = std::size_t{2} << 20, kLarge = 4 * kHugePage;

}  // namespace

void* aligned_allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (bytes == 0) return nullptr;
  if (bytes >= kLarge) alignment = std::max(alignment, kHugePage);
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded);
  if (memory != nullptr && bytes >= kLarge) madvise(memory, rounded, MADV_HUGEPAGE);  // a wish
  return memory;
}

void aligned_free(void* p) noexcept {
  std::free(p);
}

Error out_of_memory(std::size_t count, std::size_t element_size) {
  return {Code::kFailed,
          fmt::format("not enough memory for {} elements of {} bytes", count, element_size)};
}

}  // namespace bascule::detail
