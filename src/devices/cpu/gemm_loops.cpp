#include "devices/cpu/gemm_loops.h"

#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

constexpr std::int64_t kFloatsPerPiece = 1 << 16;  // some 10 µs of copying

}  // namespace

void pack_piece(const GemmPlan& plan, const float* b, std::int64_t p, Range depth, float* piece) {
  const std::int64_t width = plan.b.width(p), column = p * plan.b.panel, valid = plan.b.valid(p);
  const bool transposed = plan.b_layout == MatrixLayout::kTransposed;
  const bool in_panels = plan.b_layout == MatrixLayout::kPanels;
  const std::int64_t stride = in_panels ? width : transposed ? plan.depth : plan.b.columns;
  const std::int64_t begin = plan.tile.element(depth.begin);
  const std::int64_t length = std::min(plan.tile.element(depth.end), plan.depth) - begin;
  const float* source = transposed ? b + column * stride + begin : b + begin * stride + column;
  if (in_panels) source = b + column * plan.depth + begin * stride;
  const auto pack = [&](const auto& kernels) {
    (transposed ? kernels.pack_columns : kernels.pack_rows)(source, stride, length, valid, width,
                                                            piece);
  };
  const std::int64_t packed = plan.tile.units(length);
  std::fill(piece + packed * width, piece + depth.size() * width, 0.0F);
  plan.words == nullptr ? pack(*plan.kernels) : pack(*plan.words);
}

namespace {

/// What is copied of A at a time: lines, or kLanes of them where they are turned, or tiles.
std::int64_t a_units(const GemmPlan& plan) {
  if (plan.first_a_floats() == 0) return 0;
  if (plan.a_in_tiles) return plan.a_copy_stride / plan.tile.rows;
  if (plan.a_turned()) return (plan.rows + kLanes - 1) / kLanes;
  return plan.a_by_columns() ? plan.b.rows : plan.rows;
}
/// A piece of a row of A as words; floats are read where they lie.
void copy_line(const GemmPlan& plan, const float* a, std::int64_t row, Range depth, float* copies) {
  float* copy = copies + row * plan.a_copy_stride + depth.begin;
  const std::int64_t begin = plan.tile.element(depth.begin);
  const std::int64_t length = std::min(plan.tile.element(depth.end), plan.depth) - begin;
  plan.words->pair_along(a + row * plan.depth + begin, length, copy);
  const std::int64_t words = plan.tile.units(length), unit = plan.tile.depth_unit;
  std::fill(copy + words, copy + (words + unit - 1) / unit * unit, 0.0F);
}
void copy_tiles(const GemmPlan& plan, const float* a, Range rows, float* copies) {
  plan.kernels->pack_tiles(a + rows.begin, plan.rows, plan.depth, rows.size(),
                           copies + rows.begin * plan.depth);
}
/// Unit `unit` of A, as the tiles read it.
void copy_unit(const GemmPlan& plan, const float* a, std::int64_t unit, float* copies) {
  if (plan.a_turned()) {
    const std::int64_t row = unit * kLanes;
    plan.words->turn_rows(a + row, plan.rows, plan.depth, std::min(kLanes, plan.rows - row),
                          copies + row * plan.a_copy_stride, plan.a_copy_stride);
    return;
  }
  if (!plan.a_by_columns()) return copy_line(plan, a, unit, {0, plan.b.rows}, copies);
  float* copy = copies + unit * plan.a_copy_stride;
  const float* even = a + 2 * unit * plan.rows;
  const float* odd = 2 * unit + 1 < plan.depth ? even + plan.rows : nullptr;
  plan.words->pair_across(even, odd, plan.rows, copy);
}

void copy_units(const GemmPlan& plan, const float* a, Range units, float* copies) {
  if (plan.a_in_tiles) {
    const std::int64_t rows = plan.tile.rows;
    return copy_tiles(plan, a, {units.begin * rows, std::min(units.end * rows, plan.rows)}, copies);
  }
  for (std::int64_t unit = units.begin; unit < units.end; ++unit) copy_unit(plan, a, unit, copies);
}

}  // namespace

GemmSource source_of(const GemmPlan& plan, const float* a, const float* b, const float* copies) {
  GemmSource source{a, plan.a_by_columns() ? plan.rows : plan.b.rows, b, false, nullptr};
  if (plan.a_copy_stride != 0) {
    if (!plan.a_by_chunk) source.a = copies;
    source.a_stride = plan.a_copy_stride;
  }
  source.packed_by_chunk = plan.packs_b() && !plan.b_packed_first;
  if (plan.b_packed_first) source.b = copies + plan.first_a_floats();
  return source;
}

void make_copies(const GemmPlan& plan, const float* a, const float* b, float* copies) {
  copy_units(plan, a, {0, a_units(plan)}, copies);
  for (std::int64_t p = 0; plan.b_packed_first && p < plan.b.count(); ++p)
    pack_piece(plan, b, p, {0, plan.b.rows}, copies + plan.first_a_floats() + plan.b.offset(p));
}

void copy_rows(const GemmPlan& plan, const float* a, Range rows, float* copies) {
  if (plan.a_in_tiles) return copy_tiles(plan, a, rows, copies);
  const std::int64_t unit = plan.a_turned() ? kLanes : 1;
  for (std::int64_t i = rows.begin / unit; i * unit < rows.end; ++i) copy_unit(plan, a, i, copies);
}

void copy_rows(const GemmPlan& plan, const float* a, Range rows, Range depth, float* copies) {
  for (std::int64_t row = rows.begin; row < rows.end; ++row) copy_line(plan, a, row, depth, copies);
}

void copy_panel_rows(const GemmPlan& plan, const float* a, Range rows, Range depth, float* copies) {
  const std::int64_t block = plan.tile.words;
  for (std::int64_t k = depth.begin; k < depth.end; k += block, copies += block) {
    const std::int64_t p = k / block, width = plan.a.width(p);
    const float* source = a + plan.a.offset(p) + rows.begin * width;
    for (std::int64_t r = 0; r < rows.size(); ++r) {
      // The next rows are wanted next; those of this panel end here.
      for (std::int64_t j = 0; j < width; j += kLanes)
        __builtin_prefetch(source + (r + rows.size()) * width + j);
      plan.words->pair_along(source + r * width, width, copies + r * depth.size());
    }
  }
}

void make_copies(const GemmPlan& plan, const float* a, const float* b, float* copies,
                 ThreadPool& pool) {
  const std::int64_t a_pieces = (plan.first_a_floats() + kFloatsPerPiece - 1) / kFloatsPerPiece;
  const std::int64_t depth_unit = std::max(kLanes, plan.tile.depth_unit);
  const std::int64_t depth_pieces =
      plan.b_packed_first ? std::min((plan.b.floats() + kFloatsPerPiece - 1) / kFloatsPerPiece,
                                     (plan.b.rows + depth_unit - 1) / depth_unit)
                          : 0;
  run_chunks(pool, a_pieces + depth_pieces, [&](std::int64_t index, int) {
    if (index < a_pieces) {
      return copy_units(plan, a, piece(a_units(plan), a_pieces, index), copies);
    }
    const Range depth = piece(plan.b.rows, depth_pieces, index - a_pieces, depth_unit);
    for (std::int64_t p = 0; p < plan.b.count(); ++p)
      pack_piece(plan, b, p, depth,
                 copies + plan.first_a_floats() + plan.b.offset(p) + depth.begin * plan.b.width(p));
  });
}

}  // namespace bascule::detail
