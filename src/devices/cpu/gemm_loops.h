#pragma once
// The loops around the tiles: a chunk of the product C = A B, each finished piece of C handed on.
#include <algorithm>
#include <functional>

#include <bascule/base/threads.h>

#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/gemm_plan.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {

/// The most rows of C that are summed up before they are handed on.
inline constexpr std::int64_t kRowBlock = 96;

/// Where the product reads from, after the preparation.
struct GemmSource {
  const float* a;
  std::int64_t a_stride;
  const float* b;        ///< panels, or the matrix that chunks pack from
  bool packed_by_chunk;  ///< the latter
  float* packed;         ///< then this thread's room for panels_at_once of them
};

/// A and B as the caller gave them, but for the copies that `plan` wants at `copies`.
GemmSource source_of(const GemmPlan& plan, const float* a, const float* b, const float* copies);
/// Makes those copies: copied, rounded, packed; on one thread or on all.
void make_copies(const GemmPlan& plan, const float* a, const float* b, float* copies);
void make_copies(const GemmPlan& plan, const float* a, const float* b, float* copies,
                 ThreadPool& pool);

/// Copies these rows of A to where `copies` has room for all of them; whole units where turned.
void copy_rows(const GemmPlan& plan, const float* a, Range rows, float* copies);
/// Of a row-major A only this piece of the depth, which begins at a multiple of the tile's unit.
void copy_rows(const GemmPlan& plan, const float* a, Range rows, Range depth, float* copies);

/// Copies this piece of some rows of A, whose panels are a block of thirds each, side by side.
void copy_panel_rows(const GemmPlan& plan, const float* a, Range rows, Range depth, float* copies);

/// Packs a piece of panel p of B.
void pack_piece(const GemmPlan& plan, const float* b, std::int64_t p, Range depth, float* piece);

/// How many k from k on, and before `end`, are multiplied in one go: nearly equal blocks, whole
/// panels of A.
inline std::int64_t depth_step(const GemmPlan& plan, std::int64_t k, std::int64_t end) {
  const std::int64_t rest = end - k;
  const std::int64_t block = plan.tile.depth_block;
  if (rest <= block) return rest;
  const std::int64_t unit = plan.a_layout == MatrixLayout::kPanels
                                ? plan.a.panel
                                : std::max(plan.tile.depth_unit, std::int64_t{4});
  const std::int64_t blocks = (rest + block - 1) / block;
  return std::min(rest, ((rest + blocks - 1) / blocks + unit - 1) / unit * unit);
}

/// Where a(row, k) lies, for `length` k from there on.
inline void place_a(const GemmPlan& plan, const GemmSource& source, std::int64_t row,
                    std::int64_t k, std::int64_t length, Tile& tile) {
  tile.parts[1].segments = 0;
  TilePart& part = tile.parts[0];
  if (plan.a_layout != MatrixLayout::kPanels) {
    const std::int64_t stride = source.a_stride;
    if (plan.a_in_tiles) {
      part = {source.a + row * plan.b.rows + k * plan.tile.rows, plan.tile.rows, 1, length, 0};
    } else {
      part = {source.a + (plan.a_by_columns() ? k * stride + row : row * stride + k), stride, 1,
              length, 0};
    }
    return;
  }
  const Panels& a = plan.a;
  const std::int64_t p = k / a.panel;
  std::int64_t full = length / a.panel, rest = length % a.panel;
  if (rest == 0 && a.width(p + full - 1) < a.panel) {  // filled up
    --full;
    rest = a.width(p + full);
  }
  part = {source.a + a.offset(p) + row * a.panel, a.panel, full, a.panel, a.panel * a.rows};
  if (rest == 0) return;
  const std::int64_t width = a.width(p + full);
  TilePart& last = tile.parts[full > 0 ? 1 : 0];
  last = {source.a + a.offset(p + full) + row * width, width, 1, rest, 0};
}

/// What the tiles of a chunk have in common.
struct ChunkPlan {
  const GemmPlan& plan;
  const GemmSource& source;
  std::int64_t chunk;
  /// Where finished rows go, if they are written as rows.
  const float* c = nullptr;
  std::int64_t c_stride = 0;
  Range rows = plan.grid.row_range(chunk), panels = plan.grid.panel_range(chunk);

  /// Calls body(panels) for panels_at_once of them at a time, packed first where they were not.
  template <class Body>
  void each_panels(const Body& body) const {
    for (std::int64_t p = panels.begin; p < panels.end; p += plan.panels_at_once) {
      const Range some = {p, std::min(p + plan.panels_at_once, panels.end)};
      for (std::int64_t i = 0; source.packed_by_chunk && i < some.size(); ++i)
        pack_piece(plan, source.b, p + i, {0, plan.b.rows},
                   source.packed + i * plan.panel_floats());
      body(some);
    }
  }
  /// Panel p of B, one of `some`.
  [[nodiscard]] const float* panel(std::int64_t p, Range some) const {
    if (!source.packed_by_chunk) return source.b + plan.b.offset(p);
    return source.packed + (p - some.begin) * plan.panel_floats();
  }
};

/// Where a tile stands: in rows `block` of A, group `group` of `groups`, which ends at row `end`;
/// depth [k, k + step); panel p.
struct TilePlace {
  Range block;
  std::int64_t end, group, groups, k, step, p;
};
/// Has the weights fetched, A here, that the tile after this one needs.
inline void fetch_a(const ChunkPlan& work, const TilePlace& place, Tile& tile) {
  const GemmPlan& plan = work.plan;
  Tile next{};
  if (place.group + 1 < place.groups) {
    place_a(plan, work.source, place.end, place.k, place.step, next);
  } else if (place.k + place.step < plan.b.rows) {
    place_a(plan, work.source, place.block.begin, place.k + place.step, plan.a.panel, next);
  } else {
    place_a(plan, work.source, place.end, 0, std::min(plan.a.panel, plan.b.rows), next);
  }
  tile.ahead[0] = next.parts[0].a;
  tile.lines = 1;
}
/// Has the weights fetched, B here, that come after this piece: each tile that reads the piece has
/// a share of the next one fetched.
inline void fetch_b(const ChunkPlan& work, const TilePlace& place, Tile& tile) {
  const GemmPlan& plan = work.plan;
  std::int64_t k = place.k + place.step, p = place.p;
  if (k < plan.b.rows) {
    if (place.block.begin > work.rows.begin) return;  // the first block has read it
  } else {
    // The panel after the last one is probably that of this thread's next chunk.
    if (place.block.end < work.rows.end || ++p == plan.b.count()) return;
    k = 0;
  }
  const Range lines =
      piece(depth_step(plan, k, plan.b.rows) * plan.b.width(p) / kLanes, place.groups, place.group);
  tile.ahead[0] = tile.b + place.step * plan.b.width(place.p) + lines.begin * kLanes;
  tile.lines = lines.size();
}

/// Has the lines of C fetched that rows [row, row + rows) of panel p will be written to.
inline void fetch_c(const ChunkPlan& work, std::int64_t row, std::int64_t rows, std::int64_t p) {
  const std::int64_t columns = work.plan.b.valid(p);
  const float* place = work.c + row * work.c_stride + p * work.plan.b.panel;
  for (; rows > 0; --rows, place += work.c_stride) {
    for (std::int64_t c = 0; c < columns; c += kLanes) __builtin_prefetch(place + c, 1);
    __builtin_prefetch(place + columns - 1, 1);  // rows begin anywhere in a line
  }
  asm volatile("");  // a function that does nothing but fetch would be left out
}

/// Computes a chunk in blocks of rows; finish(block, row, rows, p) takes rows [row, row + rows) of
/// panel p.
template <class Finish>
void multiply_chunk(const ChunkPlan& work, const Finish& finish) {
  alignas(64) float block[kRowBlock * kWidestPanel];
  const GemmPlan& plan = work.plan;
  const TileTable& functions = plan.tiles();
  const std::int64_t depth = plan.b.rows;
  const auto multiply = [&](std::int64_t row, std::int64_t p, const float* b) {
    const std::int64_t width = plan.b.width(p);
    const bool weights_first = plan.a_layout == MatrixLayout::kPanels && p == work.panels.begin;
    const std::int64_t count = std::min(kRowBlock, work.rows.end - row);
    const std::int64_t groups = (count + plan.tile.rows - 1) / plan.tile.rows;
    for (std::int64_t k = 0, step = 0; k < depth; k += step) {
      step = depth_step(plan, k, depth);
      for (std::int64_t group = 0; group < groups; ++group) {
        const Range lines = piece(count, groups, group, plan.tile.row_unit);
        const TilePlace place{{row, row + count}, row + lines.end, group, groups, k, step, p};
        Tile tile{};
        tile.rows = lines.size();
        place_a(plan, work.source, row + lines.begin, k, step, tile);
        tile.b = b + k * width;
        tile.c = block + lines.begin * width;
        tile.c_stride = width;
        tile.accumulate = k > 0;
        if (weights_first) fetch_a(work, place, tile);
        if (plan.fetch_b) fetch_b(work, place, tile);
        if (plan.fetch_c && work.c != nullptr && k + step == depth)
          fetch_c(work, row + lines.begin, lines.size(), p);
        functions[width / kLanes - 1][lines.size() - 1](tile);
      }
    }
    finish(block, row, count, p);
  };
  work.each_panels([&](Range some) {
    for (std::int64_t row = work.rows.begin; row < work.rows.end; row += kRowBlock)
      for (std::int64_t p = some.begin; p < some.end; ++p) multiply(row, p, work.panel(p, some));
  });
}

/// Calls body(chunk, thread) for all chunks, without an allocation.
template <class Body>
void run_chunks(ThreadPool& pool, std::int64_t chunks, const Body& body) {
  const auto call = [&body](std::int64_t chunk, int thread) {
    const FlushDenormals flush;
    body(chunk, thread);
  };
  pool.run_in_shares(chunks, std::cref(call));
}

/// Adds the sums of the second half of the depth to those of the first.
inline void add_half(const float* second, std::int64_t count, float* first) {
  for (std::int64_t i = 0; i < count; ++i) first[i] += second[i];
}

/// Lets go at its end of what the tiles of a chunk took on their thread.
class TileScope {
 public:
  explicit TileScope(const GemmPlan& plan)
      : release_(plan.words == nullptr ? nullptr : plan.words->release) {}
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
  ~TileScope() {
    if (release_ != nullptr) release_();
  }

 private:
  void (*release_)();
};

/// Calls body(source, chunk) for all chunks of a product, whose copies are made first.
template <class Body>
void run_product(const GemmPlan& plan, const float* a, const float* b, float* workspace,
                 ThreadPool& pool, const Body& body) {
  const std::int64_t own = plan.own_floats(), threads = plan.own_copies ? pool.threads() : 0;
  const std::int64_t copies = plan.own_copies ? threads * own : plan.copy_floats();
  float* const rows_of_a = workspace + copies;
  float* const panels = rows_of_a + plan.a_floats() - plan.first_a_floats();
  const auto run_chunk = [&](const float* place, std::int64_t chunk, int thread) {
    GemmSource source = source_of(plan, a, b, place);
    if (plan.a_by_chunk) {
      copy_rows(plan, a, plan.grid.row_range(chunk), rows_of_a);
      source.a = rows_of_a;
    }
    if (source.packed_by_chunk)
      source.packed = panels + thread * plan.panels_at_once * plan.panel_floats();
    const TileScope scope(plan);
    body(source, chunk);
  };
  if (!plan.own_copies) {
    make_copies(plan, a, b, workspace, pool);
    run_chunks(pool, plan.grid.chunks(),
               [&](std::int64_t chunk, int thread) { run_chunk(workspace, chunk, thread); });
    return;
  }
  for (std::int64_t t = 0; t < threads; ++t) workspace[t * own] = 0;
  run_chunks(pool, plan.grid.chunks(), [&](std::int64_t chunk, int thread) {
    float* made = workspace + thread * own;
    if (*made == 0) make_copies(plan, a, b, made + kLanes);
    *made = 1;
    run_chunk(made + kLanes, chunk, thread);
  });
}

}  // namespace bascule::detail
