#pragma once
// The inner loop of the product of a row by a matrix, compiled once per instruction set.
#include <cstdint>

#include "devices/cpu/gemm_kernels.h"

namespace bascule::detail {

/// Most panels that are read side by side; their sums stay in registers.
inline constexpr int kMostGemvPanels = 4;

/// Some rows of neighbouring panels, the full ones first.
struct GemvBlock {
  const float* x;  ///< one element per row
  std::int64_t rows;
  const float* panels;      ///< the first of the full ones
  std::int64_t row;         ///< floats from one row of a full panel to the next
  std::int64_t panel;       ///< … and from one full panel to the next
  const float* last;        ///< a panel of kLanes columns, or fewer for `partial`
  std::int64_t last_row;    ///< floats from one row of it to the next
  std::int64_t last_valid;  ///< its columns, for `partial`
  bool accumulate;          ///< adds to `sums`
  float* sums;              ///< of all columns, one after another
};
using GemvFunction = void (*)(const GemvBlock&);

struct GemvKernels {
  int panels;  ///< most of them in a block
  /// By whether there is a panel `last` (only where full ones are wider), and the full ones.
  GemvFunction blocks[2][kMostGemvPanels + 1];
  /// `last` alone, of fewer columns than a vector has: no load goes past them.
  GemvFunction partial;
  std::int64_t lanes;  ///< columns of a vector
};

extern const GemvKernels kGemvPortable;
#if defined(__x86_64__)
extern const GemvKernels kGemvAvx2;
extern const GemvKernels kGemvAvx512;
#endif

}  // namespace bascule::detail
