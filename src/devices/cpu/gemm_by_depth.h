#pragma once
// The loops of a product that sums up so much that neither factor stays in a cache from one piece
// of the result to the next: a piece of A that came from memory is multiplied with many columns of
// B before the next one comes, and the sums wait in the second cache.
#include "devices/cpu/gemm_loops.h"

namespace bascule::detail {

/// Columns of C and, at most, rows of it that a chunk makes: their sums take 256 KiB.
inline constexpr std::int64_t kDeepColumns = 128, kDeepRows = 512;
/// k multiplied in one go: a tile's piece of A stays in the first cache, and that of B in the
/// second.
inline constexpr std::int64_t kDeepStep = 256;

/// Whether these loops serve: weights as A, in tile registers, which multiply so fast that memory
/// is what they wait for.
inline bool goes_by_depth(const GemmPlan& plan) {
  constexpr std::int64_t kLeastDepth = 2048, kLeastColumns = 64;
  return plan.a_layout == MatrixLayout::kPanels && plan.tile.row_unit > 1 &&
         plan.b.rows >= kLeastDepth && plan.b.columns >= kLeastColumns;
}
/// Room for the sums, those of a panel of C after those of another.
inline std::int64_t floats_by_depth(const GemmPlan& plan) {
  return plan.rows * plan.b.padded_columns();
}

/// finish(sums, row, rows, p) as of multiply_chunk(). `workspace` has room for the sums.
template <class Finish>
void multiply_by_depth(const GemmPlan& plan, const float* a, const float* b, float* workspace,
                       ThreadPool& pool, const Finish& finish) {
  const GemmSource source{a, 0, b, false, nullptr};
  const TileTable& functions = plan.tiles();
  const auto pieces = [](std::int64_t count, std::int64_t most) {
    return (count + most - 1) / most;
  };
  const std::int64_t column_pieces = pieces(plan.b.count(), kDeepColumns / plan.b.panel);
  const std::int64_t row_pieces = pieces(plan.rows, kDeepRows);
  run_chunks(pool, column_pieces * row_pieces, [&](std::int64_t chunk, int) {
    alignas(64) float words[kDeepColumns * kDeepStep];
    const TileScope scope(plan);
    const Range panels = piece(plan.b.count(), column_pieces, chunk / row_pieces);
    const Range rows = piece(plan.rows, row_pieces, chunk % row_pieces, plan.tile.row_unit);
    const std::int64_t groups = pieces(rows.size(), plan.tile.rows);
    const auto place = [&](std::int64_t p) {
      return words + (p - panels.begin) * plan.b.panel * kDeepStep;
    };
    const auto sums = [&](std::int64_t p, std::int64_t row) {
      return workspace + plan.rows * p * plan.b.panel + row * plan.b.width(p);
    };
    for (std::int64_t k = 0, step = 0; k < plan.b.rows; k += step) {
      step = std::min(kDeepStep, plan.b.rows - k);
      for (std::int64_t p = panels.begin; p < panels.end; ++p)
        pack_piece(plan, b, p, {k, k + step}, place(p));
      for (std::int64_t group = 0; group < groups; ++group) {
        const Range lines = piece(rows.size(), groups, group, plan.tile.row_unit);
        Tile tile{};
        tile.rows = lines.size();
        tile.accumulate = k > 0;
        place_a(plan, source, rows.begin + lines.begin, k, step, tile);
        for (std::int64_t p = panels.begin; p < panels.end; ++p) {
          const std::int64_t width = plan.b.width(p);
          tile.b = place(p);
          tile.c = sums(p, rows.begin + lines.begin);
          tile.c_stride = width;
          functions[width / kLanes - 1][lines.size() - 1](tile);
        }
      }
    }
    for (std::int64_t p = panels.begin; p < panels.end; ++p)
      finish(sums(p, rows.begin), rows.begin, rows.size(), p);
  });
}

}  // namespace bascule::detail
