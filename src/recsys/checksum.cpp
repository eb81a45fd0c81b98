#include "recsys/checksum.h"

#include <span>

#include <bascule/base/crc32c.h>

namespace bascule {

std::uint32_t checksum(std::initializer_list<CompressedView> matrices) {
  std::uint32_t crc = 0;
  const auto add = [&](const auto* values, std::int64_t count) {
    crc = crc32c(std::as_bytes(std::span(values, static_cast<std::size_t>(count))), crc);
  };
  for (const CompressedView& x : matrices) {
    if (x.majors == 0) continue;
    add(x.offsets, x.majors + 1);
    add(x.indices, x.nonzeros());
    add(x.values, x.nonzeros());
  }
  return crc;
}

}  // namespace bascule
