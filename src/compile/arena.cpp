#include "compile/arena.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace bascule::detail {

std::int64_t place_blocks(std::span<Block> blocks, std::int64_t alignment) {
  const auto padded = [&](const Block& block) {
    return (block.bytes + alignment - 1) / alignment * alignment;
  };
  std::vector<std::size_t> by_size(blocks.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  std::int64_t total = 0;
  std::vector<const Block*> placed;  // by offset
  for (const std::size_t i : by_size) {
    Block& block = blocks[i];
    std::int64_t best = -1, best_gap = std::numeric_limits<std::int64_t>::max(), end = 0;
    for (const Block* other : placed) {
      if (other->last < block.first || other->first > block.last) continue;
      const std::int64_t gap = other->offset - end;
      if (gap >= padded(block) && gap < best_gap) {
        best = end;
        best_gap = gap;
      }
      end = std::max(end, other->offset + padded(*other));
    }
    block.offset = best >= 0 ? best : end;
    total = std::max(total, block.offset + padded(block));
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), &block,
                         [](const Block* a, const Block* b) { return a->offset < b->offset; }),
        &block);
  }
  return total;
}

}  // namespace bascule::detail
