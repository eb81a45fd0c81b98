#pragma once
#include <cstddef>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/graph/types.h>

namespace bascule {

/// A dense value with the same number everywhere, as it lies in host memory. kUsage for element
/// types that no constant has.
Result<std::vector<std::byte>> repeated(double element, const ValueType& type);

}  // namespace bascule
