#pragma once
// The loops of a product dxᵀ = W dyᵀ whose sums wait in the second cache while it goes through the
// depth, piece by piece. There are three that want it:
// - one that sums up so much that neither factor stays in a cache from one piece of the result to
//   the next: a piece of W that came from memory is multiplied with many columns before the next;
// - one of few samples, where W stays in the caches of the threads that update it, by columns. If
//   threads had pieces of the result, each would read all columns. So each half of the columns is
//   summed up apart, and the sums, which are few, are added at the end;
// - one in thirds: a piece of W that has been taken apart is multiplied with many columns. A deep
//   one is summed up in halves, too: there are chunks enough then without more pieces of the
//   columns or the rows, for each of which the other factor is taken apart once more.
#include "devices/cpu/gemm_loops.h"

namespace bascule::detail {

/// Whether W is multiplied in tile registers, so fast that memory is what it waits for.
inline bool waits_for_memory(const GemmPlan& plan) {
  constexpr std::int64_t kLeastDepth = 2048, kLeastColumns = 64;
  return plan.tile.row_unit > 1 && plan.b.rows >= kLeastDepth && plan.b.columns >= kLeastColumns;
}
/// Whether W, of floats, is shared out by columns and stays where it was updated.
inline bool stays_in_caches(const GemmPlan& plan) {
  constexpr std::int64_t kLeastPanels = 8, kMostFloats = 1 << 20, kColumnsToBatch = 8;
  return plan.words == nullptr && plan.a.count() >= kLeastPanels && plan.grid.chunks() > 1 &&
         plan.rows * plan.b.rows <= kMostFloats && plan.b.rows >= kColumnsToBatch * plan.b.columns;
}
inline bool goes_by_depth(const GemmPlan& plan) {
  return plan.a_layout == MatrixLayout::kPanels &&
         (plan.in_thirds() || waits_for_memory(plan) || stays_in_caches(plan));
}

/// What such a product is cut into.
struct DepthGrid {
  std::int64_t halves = 1, column_pieces = 1, row_pieces = 1;
  std::int64_t columns = 0;      ///< of a chunk, at most
  std::int64_t step = 0;         ///< k multiplied in one go, at most
  std::int64_t copied_rows = 0;  ///< of A, which are taken apart: those of a tile

  explicit DepthGrid(const GemmPlan& plan);
  [[nodiscard]] std::int64_t chunks() const { return halves * column_pieces * row_pieces; }
  /// Room of a chunk for its columns of B.
  [[nodiscard]] std::int64_t column_floats() const { return columns * step; }
  /// The same, and for its rows of A.
  [[nodiscard]] std::int64_t thread_floats() const { return (columns + copied_rows) * step; }
};
inline DepthGrid::DepthGrid(const GemmPlan& plan) {
  const bool thirds = plan.in_thirds(), stays = stays_in_caches(plan);
  // Sums take 256 KiB at most, of thirds 640 KiB: they stay in the second cache with the columns of
  // B, and are read and written for each step. But for thirds a tile's piece of A stays in the
  // first one.
  const std::int64_t most_columns = thirds ? 256 : 128;
  const std::int64_t most_rows = thirds ? 640 : stays ? 128 : 512;
  const std::int64_t most_step = thirds ? 768 : 256;
  const auto pieces = [](std::int64_t count, std::int64_t most) {
    return std::max<std::int64_t>((count + most - 1) / most, 1);
  };
  halves = stays || (thirds && plan.b.rows >= 2 * most_step) ? 2 : 1;
  column_pieces = pieces(plan.b.count(), most_columns / plan.b.panel);
  row_pieces = pieces(plan.rows, most_rows);
  constexpr std::int64_t kChunks = 4, kLeastRows = 64;
  if (thirds)
    row_pieces = std::max(row_pieces, std::min(pieces(plan.rows, kLeastRows),
                                               pieces(kChunks, halves * column_pieces)));
  columns = std::min(plan.b.padded_columns(), most_columns);
  copied_rows = thirds ? kMostTileRows : 0;
  step = std::min(most_step / plan.tile.depth_unit * plan.tile.depth_unit, plan.b.rows);
}
/// Sums of a half or, where there are no halves, of all of it: those of a panel of C after those of
/// another.
inline std::int64_t sums_by_depth(const GemmPlan& plan) {
  return plan.rows * plan.b.padded_columns();
}
/// Room for the sums.
inline std::int64_t floats_by_depth(const GemmPlan& plan) {
  return DepthGrid(plan).halves * sums_by_depth(plan);
}

/// finish(sums, row, rows, p) as of multiply_chunk(). `workspace` has room for the sums, and then
/// for each thread's copies.
template <class Finish>
void multiply_by_depth(const GemmPlan& plan, const float* a, const float* b, float* workspace,
                       ThreadPool& pool, const Finish& finish) {
  const GemmSource source{a, 0, b, false, nullptr};
  const TileTable& functions = plan.tiles();
  const DepthGrid grid(plan);
  const auto rows_of = [&](std::int64_t index) {
    return piece(plan.rows, grid.row_pieces, index % grid.row_pieces,
                 std::max(plan.tile.row_unit, kLanes));
  };
  const auto sums = [&](std::int64_t half, std::int64_t p, std::int64_t row) {
    return workspace + half * sums_by_depth(plan) + plan.rows * p * plan.b.panel +
           row * plan.b.width(p);
  };
  float* const copies = workspace + floats_by_depth(plan);
  const std::int64_t depth_unit = plan.in_thirds() ? plan.tile.words : plan.a.panel;
  run_chunks(pool, grid.chunks(), [&](std::int64_t chunk, int thread) {
    float* const words = copies + thread * grid.thread_floats();
    float* const thirds = words + grid.column_floats();
    const TileScope scope(plan);
    const std::int64_t half = chunk / (grid.column_pieces * grid.row_pieces);
    const Range depth = piece(plan.b.rows, grid.halves, half, depth_unit);
    const Range panels =
        piece(plan.b.count(), grid.column_pieces, chunk / grid.row_pieces % grid.column_pieces);
    const Range rows = rows_of(chunk);
    const std::int64_t groups = (rows.size() + plan.tile.rows - 1) / plan.tile.rows;
    const auto place = [&](std::int64_t p) {
      return words + (p - panels.begin) * plan.b.panel * grid.step;
    };
    for (std::int64_t k = depth.begin, step = 0; k < depth.end; k += step) {
      step = std::min(grid.step, depth.end - k);
      for (std::int64_t p = panels.begin; p < panels.end; ++p)
        pack_piece(plan, b, p, {k, k + step}, place(p));
      for (std::int64_t group = 0; group < groups; ++group) {
        const Range lines = piece(rows.size(), groups, group, plan.tile.row_unit);
        Tile tile{};
        tile.rows = lines.size();
        tile.accumulate = k > depth.begin;
        if (plan.in_thirds()) {
          const std::int64_t row = rows.begin + lines.begin;
          copy_panel_rows(plan, a, {row, row + lines.size()}, {k, k + step}, thirds);
          tile.parts[0] = {thirds, step, 1, step, 0};
        } else {
          place_a(plan, source, rows.begin + lines.begin, k, step, tile);
          if (plan.words == nullptr) {  // what stays in caches may be all that a second one holds
            Tile next{};
            place_a(plan, source, rows.begin + lines.end, k, step, next);
            tile.ahead[0] = next.parts[0].a;
          }
        }
        for (std::int64_t p = panels.begin; p < panels.end; ++p) {
          const std::int64_t width = plan.b.width(p);
          tile.lines = tile.ahead[0] != nullptr && p == panels.begin ? 1 : 0;
          tile.b = place(p);
          tile.c = sums(half, p, rows.begin + lines.begin);
          tile.c_stride = width;
          functions[width / kLanes - 1][lines.size() - 1](tile);
        }
      }
    }
    for (std::int64_t p = panels.begin; grid.halves == 1 && p < panels.end; ++p)
      finish(sums(0, p, rows.begin), rows.begin, rows.size(), p);
  });
  if (grid.halves == 1) return;
  run_chunks(pool, grid.row_pieces, [&](std::int64_t chunk, int) {
    const Range rows = rows_of(chunk);
    for (std::int64_t p = 0; p < plan.b.count(); ++p) {
      float* block = sums(0, p, rows.begin);
      add_half(sums(1, p, rows.begin), rows.size() * plan.b.width(p), block);
      finish(block, rows.begin, rows.size(), p);
    }
  });
}

}  // namespace bascule::detail
