#include "data/activity.h"

#include <algorithm>
#include <cmath>

#include <bascule/base/random.h>

namespace bascule {

std::vector<std::int64_t> spread_activity(std::int64_t users, const ActivityOptions& options) {
  const Philox random(options.seed, options.stream);
  std::vector<double> weight(static_cast<std::size_t>(users));
  for (std::size_t u = 0; u < weight.size(); ++u) {
    weight[u] = std::exp(options.spread * random.normal(u));
    // Exponentials may differ in the last bit between C libraries; what is left is the same.
    weight[u] = static_cast<double>(static_cast<float>(weight[u]));
  }
  std::vector<std::int64_t> count(weight.size());
  const auto fill = [&](double scale) {
    std::int64_t sum = 0;
    for (std::size_t u = 0; u < weight.size(); ++u) {
      if (u < options.outliers.size()) {
        count[u] = options.outliers[u];
        sum += count[u];
        continue;
      }
      const double share = std::min(weight[u] * scale, static_cast<double>(options.most));
      count[u] =
          std::clamp(options.least + static_cast<std::int64_t>(share), options.least, options.most);
      sum += count[u];
    }
    return sum;
  };
  double low = 0, high = 1;
  while (fill(high) < options.total && high < 1e15) high *= 2;
  for (int step = 0; step < 100 && low < high; ++step) {
    const double middle = low + (high - low) / 2;
    (fill(middle) <= options.total ? low : high) = middle;
  }
  std::int64_t missing = options.total - fill(low);
  for (std::size_t u = 0; missing > 0; u = (u + 1) % count.size()) {
    if (u < options.outliers.size() || count[u] >= options.most) continue;
    ++count[u];
    --missing;
  }
  return count;
}

std::vector<std::int64_t> running_sums(std::span<const std::int64_t> values) {
  std::vector<std::int64_t> sums(values.size() + 1, 0);
  for (std::size_t i = 0; i < values.size(); ++i) sums[i + 1] = sums[i] + values[i];
  return sums;
}

}  // namespace bascule
