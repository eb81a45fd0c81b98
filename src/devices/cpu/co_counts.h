#pragma once
// How many ones bit vectors have in common.
#include <cstdint>
#include <span>
#include <string_view>

namespace bascule::detail {

/// Bit vectors are whole blocks of so many words.
inline constexpr std::int64_t kBlockWords = 8, kBlockBits = 64 * kBlockWords;
/// Vectors are counted in groups of so many.
inline constexpr std::int64_t kCoCountGroup = 4;

/// Column j is `words` from kBlockWords · begin[j] on, aligned to 64 bytes.
struct BitColumns {
  const std::uint64_t* words = nullptr;
  const std::int64_t* begin = nullptr;

  [[nodiscard]] const std::uint64_t* column(std::int64_t j) const {
    return words + kBlockWords * begin[j];
  }
};

struct CoCountKernels {
  std::string_view name;
  /// Of a block of two columns, and of two columns apart from that, in counts that a loop over
  /// indices would have made meanwhile.
  double block_cost, pair_cost;
  /// counts[r · stride + j] is the number of ones that columns row + r and j have in common in
  /// their first `blocks` blocks, for r < kCoCountGroup and j < columns, a multiple of it.
  void (*count)(const BitColumns& bits, std::int64_t row, std::int64_t columns, std::int64_t blocks,
                std::int32_t* counts, std::int64_t stride);
};

extern const CoCountKernels kCoCountsPortable;
#if defined(__x86_64__)
extern const CoCountKernels kCoCountsAvx512;  ///< with VPOPCNTDQ
#endif
/// Those of this processor, the fastest last.
std::span<const CoCountKernels* const> all_co_counts();

}  // namespace bascule::detail
