#include "devices/cpu/co_counts.h"

#include <bit>
#include <vector>

namespace bascule::detail {
namespace {

void count(const BitColumns& bits, std::int64_t row, std::int64_t columns, std::int64_t blocks,
           std::int32_t* counts, std::int64_t stride) {
  for (std::int64_t r = 0; r < kCoCountGroup; ++r) {
    const std::uint64_t* mine = bits.column(row + r);
    for (std::int64_t j = 0; j < columns; ++j) {
      const std::uint64_t* other = bits.column(j);
      int sum = 0;
      for (std::int64_t w = 0; w < blocks * kBlockWords; ++w)
        sum += std::popcount(mine[w] & other[w]);
      counts[r * stride + j] = sum;
    }
  }
}

std::vector<const CoCountKernels*> find_kernels() {
  std::vector<const CoCountKernels*> found{&kCoCountsPortable};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vpopcntdq"))
    found.push_back(&kCoCountsAvx512);
#endif
  return found;
}

}  // namespace

// Without an instruction for it, a word takes a dozen.
const CoCountKernels kCoCountsPortable = {"portable", 25, 2, count};

std::span<const CoCountKernels* const> all_co_counts() {
  static const std::vector<const CoCountKernels*> kernels = find_kernels();
  return kernels;
}

}  // namespace bascule::detail
