#include <bascule/graph/target.h>

namespace bascule {

std::int64_t Target::bytes(const ValueType& type, Layout layout) const {
  if (layout == Layout::kRowMajor) return type.bytes();
  const std::int64_t columns = type.shape[1];
  const std::int64_t rows = type.shape[0] + (layout == Layout::kHalves ? type.shape[0] % 2 : 0);
  // Whole panels, then one that is padded to a multiple of lanes.
  const std::int64_t rest = (columns % panel + lanes - 1) / lanes * lanes;
  return rows * (columns / panel * panel + rest) *
         static_cast<std::int64_t>(dtype_size(type.dtype));
}

}  // namespace bascule
