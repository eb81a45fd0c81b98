#pragma once
#include <cstdint>
#include <span>

namespace bascule::detail {

/// Memory that is wanted from one position of a step to another, both included.
struct Block {
  std::int64_t bytes = 0;
  std::int32_t first = 0, last = 0;
  std::int64_t offset = 0;
};

/// Gives every block an offset, a multiple of `alignment`, so that blocks that are wanted at the
/// same position do not overlap; returns the bytes needed. The largest come first, each into the
/// smallest gap that holds it.
std::int64_t place_blocks(std::span<Block> blocks, std::int64_t alignment);

}  // namespace bascule::detail
