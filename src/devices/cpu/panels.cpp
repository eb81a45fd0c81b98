#include "devices/cpu/panels.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bascule::detail {

void pack_panels(const GemmKernels& kernels, const Panels& layout, const float* matrix,
                 float* panels) {
  for (std::int64_t p = 0; p < layout.count(); ++p)
    kernels.pack_rows(matrix + p * layout.panel, layout.columns, layout.rows, layout.valid(p),
                      layout.width(p), panels + layout.offset(p));
}

void unpack_panels(const Panels& layout, const float* panels, float* matrix) {
  for (std::int64_t p = 0; p < layout.count(); ++p) {
    for (std::int64_t r = 0; r < layout.rows; ++r)
      std::copy_n(panels + layout.offset(p) + r * layout.width(p), layout.valid(p),
                  matrix + r * layout.columns + p * layout.panel);
  }
}

void split_halves(std::int64_t rows, const Halves& layout, const float* matrix, float* memory) {
  const Panels& p = layout.panels;
  std::uint16_t *upper = layout.upper(memory), *lower = layout.lower(memory);
  for (std::int64_t panel = 0; panel < p.count(); ++panel) {
    const std::int64_t valid = p.valid(panel), width = p.width(panel);
    for (std::int64_t r = 0; r < p.rows; ++r) {
      const std::int64_t at = p.offset(panel) + r * width;
      std::fill_n(upper + at, width, std::uint16_t{0});
      std::fill_n(lower + at, width, std::uint16_t{0});
      if (r >= rows) continue;
      const float* row = matrix + r * p.columns + panel * p.panel;
      for (std::int64_t j = 0; j < valid; ++j) {
        // Another NaN could be rounded to a number.
        const float value = std::isnan(row[j]) ? std::nanf("") : row[j];
        const auto bits = std::bit_cast<std::uint32_t>(value);
        upper[at + j] = static_cast<std::uint16_t>((bits + 0x8000) >> 16);
        lower[at + j] = static_cast<std::uint16_t>(bits);
      }
    }
  }
}

void join_halves(std::int64_t rows, const Halves& layout, const float* memory, float* matrix) {
  const Panels& p = layout.panels;
  const auto* upper = reinterpret_cast<const std::uint16_t*>(memory);
  const std::uint16_t* lower = upper + p.floats();
  for (std::int64_t panel = 0; panel < p.count(); ++panel) {
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t at = p.offset(panel) + r * p.width(panel);
      float* row = matrix + r * p.columns + panel * p.panel;
      for (std::int64_t j = 0; j < p.valid(panel); ++j) {
        const auto rest = static_cast<std::int16_t>(lower[at + j]);
        const std::uint32_t bits =
            (std::uint32_t{upper[at + j]} << 16) + static_cast<std::uint32_t>(std::int32_t{rest});
        row[j] = std::bit_cast<float>(bits);
      }
    }
  }
}

}  // namespace bascule::detail
