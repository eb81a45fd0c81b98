#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace bascule::reference {

/// log Σ exp(x) of a row with at least one element, without overflow.
template <class Real>
double log_sum_exp(const Real* x, std::int64_t count) {
  const auto greatest = static_cast<double>(*std::max_element(x, x + count));
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += std::exp(static_cast<double>(x[i]) - greatest);
  return greatest + std::log(sum);
}

}  // namespace bascule::reference
