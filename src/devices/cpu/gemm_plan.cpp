#include "devices/cpu/gemm_plan.h"

#include <algorithm>
#include <numeric>

#include "base/system_files.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

constexpr std::int64_t kMostChunks = 64;
constexpr std::int64_t kReadCycles = 2;   // of a chunk for each vector of b, from the third cache
constexpr std::int64_t kSplitCycles = 6;  // the same, and to take floats apart: for each of words
constexpr std::int64_t kCopyCycles = 16;  // of a vector of words from two of floats
constexpr std::int64_t kChunkCycles = 16'000;  // about 5 µs, a cycle being one vector multiply-add:
                                               // a core that is slower today takes fewer chunks

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// A mebibyte: what a second cache holds, so that copying twice stays cheaper than fetching what
/// another core wrote.
constexpr std::int64_t kMostOwnFloats = 1 << 18;

/// Of thirds: what multiplies a block of rows before the next one takes its place, so that A, which
/// with its thirds does not fit in a second cache, comes from the third one less often.
constexpr std::int64_t kMostPackedFloats = 1 << 18, kMostPanelsAtOnce = 8;

/// Lines in a set of the first cache, which has 64 sets: 8 or 12.
std::int64_t set_lines() {
  static const std::int64_t lines = std::max<std::int64_t>(read_cache_size("", 1) >> 12, 8);
  return lines;
}

/// Most lines that fall into one set of the first cache, of `lines` from each of `rows` rows.
std::int64_t set_pressure(std::int64_t stride, std::int64_t rows, std::int64_t lines) {
  constexpr std::int64_t kSets = 64, kLine = 16;
  std::int64_t load[kSets] = {};
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t line = 0; line < lines; ++line) ++load[(row * stride / kLine + line) % kSets];
  return *std::max_element(load, load + kSets);
}

/// Rows that a tile reads side by side: those that lie a multiple of half a page apart fall into
/// the same few sets of the first cache, where lines of a panel pass through as well. To copy them
/// farther apart takes longer than shorter tiles do.
int rows_that_fit(std::int64_t stride, int rows) {
  constexpr std::int64_t kLines = 8, kPassing = 2;
  constexpr int kLeast = 4;
  while (rows > kLeast && set_pressure(stride, rows, kLines) + kPassing > set_lines()) --rows;
  return rows;
}

/// The stride of a copy that spreads rows over the sets: 9 lines past a whole turn of them.
std::int64_t spread_stride(std::int64_t length) {
  constexpr std::int64_t kTurn = 1024, kOffset = 144;
  return ceil_div(std::max(length - kOffset, std::int64_t{0}), kTurn) * kTurn + kOffset;
}

/// What the factors of such a product become; null: they stay floats.
const WordKernels* words_of(const GemmKernels& kernels, const ProductShape& shape) {
  // To take the factors apart has to cost less than it saves, and blocks have to be full.
  constexpr std::int64_t kLeast = 64;
  if (shape.bf16) return kernels.pairs;
  if (shape.as_floats) return nullptr;
  return std::min({shape.rows, shape.depth, shape.columns}) >= kLeast ? kernels.thirds : nullptr;
}

/// Whether an A that is read by columns is copied tile by tile. A line of it has kLanes floats:
/// tiles that take half of them or less read every line again and again, and lines that crowd in a
/// few sets of the first cache are gone before another tile takes its share. Else to read A where
/// it lies is as fast.
bool wants_tiles(const GemmPlan& plan, const ProductCost& cost, bool crowded) {
  constexpr std::int64_t kLeastPanels = 2, kLeastDepth = 32, kDeep = 256;
  if (crowded && (!cost.depth_first || plan.depth > kDeep)) return true;
  return 2 * plan.tile.rows <= kLanes && plan.b.count() >= kLeastPanels &&
         plan.depth >= kLeastDepth;
}

}  // namespace

ProductCost transposed_cost() {
  ProductCost cost;
  cost.row_unit = kLanes;
  return cost;
}

bool is_cut_by_inputs(std::int64_t batch, std::int64_t inputs, std::int64_t panels) {
  constexpr std::int64_t kMostPanels = 7, kLeastInputs = 512, kInputsToBatch = 4;
  return panels <= kMostPanels && inputs >= kLeastInputs && inputs >= kInputsToBatch * batch;
}

Range piece(std::int64_t count, std::int64_t pieces, std::int64_t index, std::int64_t unit) {
  const std::int64_t units = ceil_div(count, unit);
  const std::int64_t begin = units * index / pieces * unit;
  const std::int64_t end = units * (index + 1) / pieces * unit;
  return {std::min(begin, count), std::min(end, count)};
}

Grid choose_grid(std::int64_t rows, const Panels& b, const ProductCost& cost) {
  const auto cycles = [&](std::int64_t some_rows, std::int64_t vectors) {
    const std::int64_t multiplied =
        ceil_div(std::max(some_rows, cost.least_rows), cost.rows_a_cycle);
    return vectors * (b.rows * (multiplied + cost.read_cycles) + some_rows * cost.per_output);
  };
  const auto copying = [&](std::int64_t some_rows) {
    return ceil_div(some_rows * b.rows * cost.copy_cycles, kLanes);
  };
  Grid best{rows, b.count(), 1, 1, cost.row_unit};
  const std::int64_t all_vectors = b.padded_columns() / kLanes;
  const std::int64_t total = cycles(rows, all_vectors) + copying(rows);
  if (total < kChunkCycles) return best;
  const std::int64_t wanted = std::clamp(total / kChunkCycles, std::int64_t{2}, kMostChunks);
  const std::int64_t row_units = ceil_div(rows, cost.row_unit);
  std::int64_t best_time = 0;
  const std::int64_t most_panel_pieces = cost.by_rows ? 1 : std::min(wanted, best.panels);
  for (std::int64_t panel_pieces = 1; panel_pieces <= most_panel_pieces; ++panel_pieces) {
    const std::int64_t vectors =
        std::min(ceil_div(best.panels, panel_pieces) * (b.panel / kLanes), all_vectors);
    const std::int64_t most = std::min(wanted / panel_pieces, row_units);
    for (std::int64_t row_pieces = 1; row_pieces <= most; ++row_pieces) {
      const std::int64_t pieces = panel_pieces * row_pieces;
      // Two workers that take turns, and a half of a chunk for the worker that is late. Chunks
      // that share no rows of A copy their own; else each worker copies all of it.
      const std::int64_t some = std::min(ceil_div(row_units, row_pieces) * cost.row_unit, rows);
      const std::int64_t largest = cycles(some, vectors) + (panel_pieces == 1 ? copying(some) : 0);
      const std::int64_t time =
          ceil_div(pieces, 2) * largest + largest / 2 + (panel_pieces == 1 ? 0 : copying(rows));
      if (best_time != 0 && time >= best_time) continue;
      best_time = time;
      best.row_pieces = row_pieces;
      best.panel_pieces = panel_pieces;
    }
  }
  return best;
}

GemmPlan plan_product(const GemmKernels& kernels, const ProductShape& shape, MatrixLayout a,
                      MatrixLayout b, ProductCost cost) {
  GemmPlan plan;
  plan.kernels = &kernels;
  plan.tile.rows = kernels.rows;
  plan.tile.depth_block = kernels.depth_block;
  plan.words = words_of(kernels, shape);
  if (plan.words != nullptr) plan.tile = plan.words->shape;
  const auto filled_up = [&](std::int64_t k) {
    return ceil_div(k, plan.tile.depth_unit) * plan.tile.depth_unit;
  };
  plan.rows = shape.rows;
  plan.depth = shape.depth;
  const std::int64_t depth = plan.tile.units(shape.depth);
  const bool b_in_panels = b == MatrixLayout::kPanels;
  plan.b = {b_in_panels ? depth : filled_up(depth), shape.columns, kernels.panel};
  plan.a_layout = a;
  plan.b_layout = b;
  // Halves have an even number of rows.
  const std::int64_t per_word = shape.bf16 ? 2 : 1;
  plan.a = {ceil_div(shape.rows, per_word) * per_word, shape.bf16 ? depth : shape.depth,
            kernels.panel / per_word, kLanes / per_word};
  cost.rows_a_cycle = plan.tile.rows_a_cycle;
  const bool by_tiles = plan.tile.row_unit > 1;  // whole ones, but for the last
  const bool by_columns = plan.a_by_columns(), to_words = plan.words != nullptr;
  const std::int64_t stride = by_columns ? shape.rows : filled_up(depth);
  const std::int64_t streams = std::min(by_columns ? depth : shape.rows, std::int64_t{32});
  const std::int64_t most_lines = by_tiles ? ceil_div(stride, kLanes) : 8;
  const std::int64_t lines = by_columns ? 2 : std::min(most_lines, std::int64_t{8});
  const bool crowded = set_pressure(stride, streams, lines) > 5;
  plan.a_in_tiles = by_columns && !to_words && wants_tiles(plan, cost, crowded);
  if (by_tiles) cost.row_unit = plan.tile.rows;
  if (plan.a_in_tiles) {
    plan.tile.row_unit = plan.tile.rows;
    cost.row_unit = std::lcm(cost.row_unit, plan.tile.row_unit);
  }
  cost.read_cycles = plan.in_thirds() ? kSplitCycles : kReadCycles;
  if (by_tiles && a != MatrixLayout::kPanels)
    cost.copy_cycles = plan.in_thirds() ? kSplitCycles : kCopyCycles;
  plan.grid = choose_grid(shape.rows, plan.b, cost);
  if (to_words && a != MatrixLayout::kPanels)
    plan.a_copy_stride = crowded ? spread_stride(stride) : stride;
  if (plan.a_in_tiles) plan.a_copy_stride = ceil_div(stride, plan.tile.rows) * plan.tile.rows;
  if (!to_words && a == MatrixLayout::kRowMajor)
    plan.tile.rows = rows_that_fit(stride, plan.tile.rows);
  plan.a_by_chunk =
      (by_tiles || plan.a_in_tiles) && plan.a_copy_stride != 0 && plan.grid.panel_pieces == 1;
  plan.b_packed_first = !b_in_panels && plan.grid.row_pieces > 1;
  // C is written faster than it can be fetched where the sums are short.
  constexpr std::int64_t kLeastDepth = 32;
  plan.fetch_b = a == MatrixLayout::kRowMajor && b_in_panels && !to_words;
  plan.fetch_c = depth >= kLeastDepth;
  if (plan.in_thirds()) {
    plan.panels_at_once =
        std::clamp<std::int64_t>(kMostPackedFloats / plan.panel_floats(), 1, kMostPanelsAtOnce);
  }
  plan.own_copies = plan.copy_floats() > 0 && plan.copy_floats() <= kMostOwnFloats;
  return plan;
}

const TileTable& GemmPlan::tiles() const {
  TileAccess access = TileAccess::kRows;
  if (a_by_columns()) access = TileAccess::kColumns;
  if (a_layout == MatrixLayout::kPanels && !in_thirds()) access = TileAccess::kWeightRows;
  const auto index = static_cast<std::size_t>(access);
  if (words == nullptr) return kernels->tiles[index];
  return packs_b() ? words->tiles[index] : words->half_tiles;
}

std::int64_t GemmPlan::a_floats() const {
  return a_copy_stride * (a_by_columns() ? b.rows : rows);
}

std::int64_t GemmPlan::copy_floats() const {
  return first_a_floats() + (b_packed_first ? b.floats() : 0);
}

std::int64_t GemmPlan::own_floats() const {
  return kLanes + ceil_div(copy_floats(), kLanes) * kLanes;
}

std::int64_t GemmPlan::workspace_floats(int threads) const {
  if (extra_floats > 0) return extra_floats + threads * thread_floats;
  const std::int64_t copies = own_copies ? threads * own_floats() : copy_floats();
  const std::int64_t panels =
      packs_b() && !b_packed_first ? threads * panels_at_once * panel_floats() : 0;
  return copies + a_floats() - first_a_floats() + panels;
}

}  // namespace bascule::detail
