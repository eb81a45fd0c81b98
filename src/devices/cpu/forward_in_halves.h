#pragma once
// The forward product of a deep and narrow layer (x [128, 1024], W [1024, 100]). It cannot be cut
// evenly by columns, and cut by rows every thread reads all of W, half of which another thread has
// just written: the update of W is cut by inputs. So it is cut by the depth, as the update is: each
// half of the inputs is summed up apart, and the sums, which are few, are added at the end.
#include <algorithm>

#include "devices/cpu/gemm_loops.h"

namespace bascule::detail {

/// Whether this is such a product, and large enough to be cut at all. Not in tile registers,
/// where it has not been measured.
inline bool goes_in_halves(const GemmPlan& plan) {
  return plan.a_layout == MatrixLayout::kRowMajor && plan.b_layout == MatrixLayout::kPanels &&
         plan.tile.row_unit == 1 && plan.grid.chunks() > 1 &&
         is_cut_by_inputs(plan.rows, plan.depth, plan.b.count());
}
/// Room for the copy of A, if it is copied, and for both halves' sums, panel after panel.
inline std::int64_t floats_in_halves(const GemmPlan& plan) {
  return plan.a_floats() + 2 * plan.rows * plan.b.padded_columns();
}

/// Calls finish(sums, row, rows, p) as multiply_chunk() does, on the calling thread.
template <class Finish>
void multiply_in_halves(const GemmPlan& plan, const float* a, const float* b, float* workspace,
                        ThreadPool& pool, const Finish& finish) {
  constexpr std::int64_t kRowsPerPiece = 32;
  const std::int64_t row_pieces = std::max<std::int64_t>(plan.rows / kRowsPerPiece, 1);
  const std::int64_t sums_of_half = plan.rows * plan.b.padded_columns();
  float* const sums = workspace + plan.a_floats();
  const auto place = [&](std::int64_t half, std::int64_t row, std::int64_t p) {
    return sums + half * sums_of_half + plan.rows * p * plan.b.panel + row * plan.b.width(p);
  };
  GemmSource source = source_of(plan, a, b, workspace);
  if (plan.a_copy_stride != 0) source.a = workspace;
  run_chunks(pool, 2 * row_pieces, [&](std::int64_t chunk, int) {
    const std::int64_t half = chunk / row_pieces;
    const Range depth = piece(plan.b.rows, 2, half, kLanes);
    const Range rows = piece(plan.rows, row_pieces, chunk % row_pieces);
    if (plan.a_copy_stride != 0) copy_rows(plan, a, rows, depth, workspace);
    const std::int64_t groups = (rows.size() + plan.tile.rows - 1) / plan.tile.rows;
    for (std::int64_t p = 0; p < plan.b.count(); ++p) {
      for (std::int64_t k = depth.begin, step = 0; k < depth.end; k += step) {
        step = depth_step(plan, k, depth.end);
        for (std::int64_t group = 0; group < groups; ++group) {
          const Range lines = piece(rows.size(), groups, group);
          const std::int64_t row = rows.begin + lines.begin;
          Tile tile{};
          tile.rows = lines.size();
          place_a(plan, source, row, k, step, tile);
          tile.b = source.b + plan.b.offset(p) + k * plan.b.width(p);
          tile.c = place(half, row, p);
          tile.c_stride = plan.b.width(p);
          tile.accumulate = k > depth.begin;
          plan.tiles()[plan.b.width(p) / kLanes - 1][lines.size() - 1](tile);
        }
      }
    }
  });
  for (std::int64_t p = 0; p < plan.b.count(); ++p) {
    for (std::int64_t row = 0; row < plan.rows; row += kRowBlock) {
      const std::int64_t rows = std::min(kRowBlock, plan.rows - row);
      float* block = place(0, row, p);
      add_half(place(1, row, p), rows * plan.b.width(p), block);
      finish(block, row, rows, p);
    }
  }
}

}  // namespace bascule::detail
