#include <algorithm>
#include <cmath>

#include <bascule/recsys/metrics/novelty.h>

namespace bascule::metrics {

std::vector<double> self_information(std::span<const std::int64_t> item_users, std::int64_t users) {
  std::vector<double> bits;
  bits.reserve(item_users.size());
  for (const std::int64_t count : item_users) {
    const auto owners = static_cast<double>(std::max<std::int64_t>(count, 1));
    bits.push_back(std::log2(static_cast<double>(users) / owners));
  }
  return bits;
}

std::optional<double> novelty(std::span<const std::int32_t> list,
                              std::span<const double> information, std::int32_t k) {
  double sum = 0;
  std::int32_t count = 0;
  for (const std::int32_t item : list) {
    if (item < 0 || count == k) break;
    sum += information[item];
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

}  // namespace bascule::metrics
