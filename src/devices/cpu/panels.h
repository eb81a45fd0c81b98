#pragma once
// The layout of weight matrices: panels of a few columns, each with all rows one after another.
#include <cstdint>

#include "devices/cpu/gemm_kernels.h"

namespace bascule::detail {

/// A matrix [rows, columns] cut into panels of `panel` columns; the last one is as wide as a
/// multiple of kLanes needs, and padded with zeros.
struct Panels {
  std::int64_t rows = 0, columns = 0, panel = kLanes;

  [[nodiscard]] std::int64_t count() const { return (columns + panel - 1) / panel; }
  [[nodiscard]] std::int64_t padded_columns() const {
    return (columns + kLanes - 1) / kLanes * kLanes;
  }
  [[nodiscard]] std::int64_t floats() const { return rows * padded_columns(); }
  /// Of panel p: its width with padding, its columns, and where it begins.
  [[nodiscard]] std::int64_t width(std::int64_t p) const {
    const std::int64_t rest = padded_columns() - p * panel;
    return rest < panel ? rest : panel;
  }
  [[nodiscard]] std::int64_t valid(std::int64_t p) const {
    const std::int64_t rest = columns - p * panel;
    return rest < panel ? rest : panel;
  }
  [[nodiscard]] std::int64_t offset(std::int64_t p) const { return p * panel * rows; }
};

/// Row-major [rows, columns] to panels, with zeros in the padding, and back.
void pack_panels(const GemmKernels& kernels, const Panels& layout, const float* matrix,
                 float* panels);
void unpack_panels(const Panels& layout, const float* panels, float* matrix);

}  // namespace bascule::detail
