#pragma once
// The order of every list: best first, ties to the lower item.
#include <algorithm>
#include <cstdint>
#include <vector>

#include <bascule/recsys/contract.h>

namespace bascule {

/// For scores that are numbers.
inline bool is_better(const Recommendation& a, const Recommendation& b) {
  return a.score != b.score ? a.score > b.score : a.item < b.item;
}

/// The k best of `list`, in their order.
inline void keep_best_first(std::vector<Recommendation>& list, std::int32_t k) {
  const std::ptrdiff_t wanted = std::max(k, 0);
  if (wanted < std::ssize(list)) {
    std::nth_element(list.begin(), list.begin() + wanted, list.end(), is_better);
    list.resize(static_cast<std::size_t>(wanted));
  }
  std::sort(list.begin(), list.end(), is_better);
}

}  // namespace bascule
