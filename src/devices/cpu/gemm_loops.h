#pragma once
// The loops around the tiles: a chunk of the product C = A B, each finished piece of C handed on.
#include <algorithm>
#include <functional>

#include <bascule/base/threads.h>

#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/gemm_plan.h"

namespace bascule::detail {

/// The most rows of C that are summed up before they are handed on, and the k that are multiplied
/// in one go: their piece of b stays in the first cache.
inline constexpr std::int64_t kRowBlock = 96;
inline constexpr std::int64_t kDepthBlock = 128;

/// Where the product reads from, after the preparation.
struct GemmSource {
  const float* a;
  std::int64_t a_stride;
  const float* b;  ///< panels, or the matrix that chunks pack from
  float* packed;   ///< room of the chunks for a panel each
};

/// Copies and packs what `plan` says into the workspace.
GemmSource prepare_product(const GemmPlan& plan, const float* a, const float* b, float* workspace,
                           ThreadPool& pool);

void pack_one_panel(const GemmPlan& plan, const float* b, std::int64_t p, Range depth,
                    float* panel);

/// Sets where row `row`, depth k of A lie, and to how many k from there on that applies.
inline std::int64_t place_a(const GemmPlan& plan, const GemmSource& source, std::int64_t row,
                            std::int64_t k, Tile& tile) {
  tile.segments = 1;
  tile.segment_stride = 0;
  tile.length = std::min(kDepthBlock, plan.b.rows - k);
  tile.stride = source.a_stride;
  if (plan.a_layout == MatrixLayout::kRowMajor) tile.a = source.a + row * source.a_stride + k;
  if (plan.a_layout == MatrixLayout::kTransposed) tile.a = source.a + k * source.a_stride + row;
  if (plan.a_layout != MatrixLayout::kPanels) return tile.length;
  const std::int64_t p = k / plan.a.panel, full = plan.a.columns / plan.a.panel;
  tile.stride = plan.a.width(p);
  tile.a = source.a + plan.a.offset(p) + row * tile.stride;
  tile.length = plan.a.valid(p);
  if (p >= full) return tile.length;
  tile.segments = std::min(kDepthBlock / plan.a.panel, full - p);
  tile.segment_stride = plan.a.panel * plan.a.rows;
  return tile.segments * tile.length;
}

inline TileAccess access_of(const GemmPlan& plan) {
  switch (plan.a_layout) {
    case MatrixLayout::kRowMajor:
      return TileAccess::kRows;
    case MatrixLayout::kTransposed:
      return TileAccess::kColumns;
    case MatrixLayout::kPanels:
      return TileAccess::kWeightRows;
  }
  return TileAccess::kRows;
}

/// Computes chunk `chunk` in blocks of `row_block` rows; ahead(tile, row, p) says what to fetch
/// while a tile is summed, finish(block, row, rows, p) takes rows [row, row + rows) of panel p.
template <class Ahead, class Finish>
void multiply_chunk(const GemmPlan& plan, const GemmSource& source, std::int64_t chunk,
                    std::int64_t row_block, const Ahead& ahead, const Finish& finish) {
  alignas(64) float block[kRowBlock * kWidestPanel];
  const Range rows = plan.grid.row_range(chunk), panels = plan.grid.panel_range(chunk);
  const auto& functions = plan.kernels->tiles[static_cast<int>(access_of(plan))];
  const std::int64_t depth = plan.b.rows;
  for (std::int64_t p = panels.begin; p < panels.end; ++p) {
    const std::int64_t width = plan.b.width(p);
    const float* b = source.b + plan.b.offset(p);
    if (source.packed != nullptr) {
      float* panel =
          source.packed + chunk * depth * std::min(plan.b.panel, plan.b.padded_columns());
      pack_one_panel(plan, source.b, p, {0, depth}, panel);
      b = panel;
    }
    for (std::int64_t row = rows.begin; row < rows.end; row += row_block) {
      const std::int64_t count = std::min(row_block, rows.end - row);
      const std::int64_t groups = (count + plan.kernels->rows - 1) / plan.kernels->rows;
      for (std::int64_t k = 0, step = 0; k < depth; k += step) {
        for (std::int64_t group = 0; group < groups; ++group) {
          const Range lines = piece(count, groups, group);
          Tile tile{};
          step = place_a(plan, source, row + lines.begin, k, tile);
          tile.b = b + k * width;
          tile.c = block + lines.begin * width;
          tile.accumulate = k > 0;
          ahead(tile, row + lines.begin, p);
          functions[width / kLanes - 1][lines.size() - 1](tile);
        }
      }
      finish(block, row, count, p);
    }
  }
}

/// Calls body(chunk) for all chunks, without an allocation.
template <class Body>
void run_chunks(ThreadPool& pool, std::int64_t chunks, const Body& body) {
  const auto call = [&body](std::int64_t chunk, int) {
    const FlushDenormals flush;
    body(chunk);
  };
  pool.run(chunks, std::cref(call));
}

}  // namespace bascule::detail
