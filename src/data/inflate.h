#pragma once
// gzip, xz and zstd into one block of memory, guarded against bombs.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <bascule/base/status.h>

namespace bascule {

struct Inflated {
  std::shared_ptr<void> data;
  std::size_t size = 0;
};

/// Do the first bytes name a compressed format that `inflate` knows?
bool is_compressed(std::string_view bytes);

/// All members or frames of a compressed file, one after another. Beyond 8 MiB of output, more than
/// 200 bytes out per byte in is taken for a bomb: ratings shrink 3 to 20 times. Fails with kBadData
/// (damaged, cut short, over `max_bytes`, a bomb) or kFailed (memory refused).
Result<Inflated> inflate(const std::string& name, std::string_view bytes, std::int64_t max_bytes);

}  // namespace bascule
