#include "devices/cpu/panels.h"

#include <algorithm>

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

}  // namespace bascule::detail
