#include <bascule/devices/top_scores.h>

#include "devices/cpu/vector_kernels.h"

namespace bascule {

std::int64_t first_above(std::span<const float> scores, std::int64_t begin, float bar) {
  return detail::vector_kernels().first_above(scores.data(), begin, std::ssize(scores), bar);
}

}  // namespace bascule
