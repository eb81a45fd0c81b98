#pragma once
// The layout of weight matrices: panels of a few columns, each with all rows one after another.
#include <cstdint>

#include "devices/cpu/gemm_kernels.h"

namespace bascule::detail {

/// A matrix [rows, columns] cut into panels of `panel` columns; the last one is as wide as a
/// multiple of `lanes` needs, and padded with zeros.
struct Panels {
  std::int64_t rows = 0, columns = 0, panel = kLanes, lanes = kLanes;

  [[nodiscard]] std::int64_t count() const { return (columns + panel - 1) / panel; }
  [[nodiscard]] std::int64_t padded_columns() const {
    return (columns + lanes - 1) / lanes * lanes;
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

/// Weights of bf16 products, still whole: of every float the nearest bf16 (a tie goes away from
/// zero), and what is then missing in units of its last place, 16 bits each. All upper halves come
/// first, in panels whose rows are filled up to an even number, then all lower halves.
struct Halves {
  Panels panels;

  explicit Halves(Panels of) : panels(of) { panels.rows += panels.rows % 2; }
  [[nodiscard]] std::int64_t bytes() const { return 4 * panels.floats(); }
  [[nodiscard]] std::uint16_t* upper(float* memory) const {
    return reinterpret_cast<std::uint16_t*>(memory);
  }
  [[nodiscard]] std::uint16_t* lower(float* memory) const {
    return upper(memory) + panels.floats();
  }
};
/// Row-major [rows, columns] to halves and back; `rows` is that of the matrix. To the bit, but for
/// the payload of a NaN.
void split_halves(std::int64_t rows, const Halves& layout, const float* matrix, float* memory);
void join_halves(std::int64_t rows, const Halves& layout, const float* memory, float* matrix);

}  // namespace bascule::detail
