#include <algorithm>

#include <bascule/devices/alternating.h>

namespace bascule {

std::int64_t alternating_bytes(const CompressedView& by_user, std::int64_t factors) {
  constexpr std::int64_t kOffset = 8, kElement = 8, kFloat = 4, kBothWays = 2;
  const std::int64_t rows = by_user.majors + by_user.minors;
  const std::int64_t longest = std::max(by_user.majors, by_user.minors);
  const std::int64_t pieces = longest / kFactorsPerPiece + 1;
  return kBothWays * kElement * by_user.nonzeros() + kOffset * (rows + kBothWays) +
         kFloat * (rows * FactorMatrix::stride_for(factors) + (pieces + 1) * factors * factors);
}

}  // namespace bascule
