#include <bascule/devices/top_scores.h>

#include "devices/cpu/vector_kernels.h"

namespace bascule {

void strand_maxima(std::span<const float> scores, std::span<const float> ceiling,
                   std::int64_t depth, std::span<float> maxima) {
  detail::vector_kernels().strand_maxima(scores.data(), ceiling.empty() ? nullptr : ceiling.data(),
                                         std::ssize(scores), depth, maxima.data());
}

}  // namespace bascule
