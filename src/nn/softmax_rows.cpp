#include "nn/softmax_rows.h"

#include <algorithm>
#include <cmath>

namespace bascule::nn {

void softmax_rows(std::span<float> rows, std::size_t width) {
  for (std::size_t begin = 0; begin + width <= rows.size(); begin += width) {
    const auto row = rows.subspan(begin, width);
    const float top = *std::max_element(row.begin(), row.end());
    double total = 0;
    for (const float v : row) total += std::exp(static_cast<double>(v) - static_cast<double>(top));
    for (float& v : row)
      v = static_cast<float>(std::exp(static_cast<double>(v) - static_cast<double>(top)) / total);
  }
}

}  // namespace bascule::nn
