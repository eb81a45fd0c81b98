#include "devices/cpu/gemm_loops.h"

namespace bascule::detail {
namespace {

constexpr std::int64_t kFloatsPerPiece = 1 << 16;  // some 10 µs of copying

}  // namespace

void pack_one_panel(const GemmPlan& plan, const float* b, std::int64_t p, Range depth,
                    float* panel) {
  const std::int64_t width = plan.b.width(p), column = p * plan.b.panel;
  float* place = panel + depth.begin * width;
  if (plan.b_layout == MatrixLayout::kTransposed) {
    plan.kernels->pack_columns(b + column * plan.b.rows + depth.begin, plan.b.rows, depth.size(),
                               plan.b.valid(p), width, place);
  } else {
    plan.kernels->pack_rows(b + depth.begin * plan.b.columns + column, plan.b.columns, depth.size(),
                            plan.b.valid(p), width, place);
  }
}

GemmSource prepare_product(const GemmPlan& plan, const float* a, const float* b, float* workspace,
                           ThreadPool& pool) {
  const bool a_transposed = plan.a_layout == MatrixLayout::kTransposed;
  GemmSource source{a, a_transposed ? plan.rows : plan.b.rows, b, nullptr};
  float* packed = workspace + plan.a_floats();
  if (plan.b_layout != MatrixLayout::kPanels && !plan.b_packed_first) source.packed = packed;
  if (plan.b_packed_first) source.b = packed;
  if (plan.a_copy_stride == 0 && !plan.b_packed_first) return source;

  const std::int64_t a_lines = a_transposed ? plan.b.rows : plan.rows;
  const std::int64_t a_length = source.a_stride;
  const std::int64_t a_pieces = (plan.a_floats() + kFloatsPerPiece - 1) / kFloatsPerPiece;
  const std::int64_t depth_pieces =
      plan.b_packed_first ? std::min((plan.b.floats() + kFloatsPerPiece - 1) / kFloatsPerPiece,
                                     (plan.b.rows + kLanes - 1) / kLanes)
                          : 0;
  run_chunks(pool, a_pieces + depth_pieces, [&](std::int64_t index) {
    if (index < a_pieces) {
      const Range lines = piece(a_lines, a_pieces, index);
      for (std::int64_t line = lines.begin; line < lines.end; ++line)
        std::copy_n(a + line * a_length, a_length, workspace + line * plan.a_copy_stride);
      return;
    }
    const Range depth = piece(plan.b.rows, depth_pieces, index - a_pieces, kLanes);
    for (std::int64_t p = 0; p < plan.b.count(); ++p)
      pack_one_panel(plan, b, p, depth, packed + plan.b.offset(p));
  });
  if (plan.a_copy_stride != 0) {
    source.a = workspace;
    source.a_stride = plan.a_copy_stride;
  }
  return source;
}

}  // namespace bascule::detail
