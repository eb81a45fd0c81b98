#include "devices/cpu/gemm_loops.h"
#include "devices/cpu/linear.h"
#include "devices/cpu/word_kernels.h"

namespace bascule::detail {
namespace {

/// Panel p of a matrix [inputs, outputs]: row r of its `width` columns, with padding, lies at
/// begin + r · stride.
struct PanelPlace {
  std::int64_t p, width, valid, begin, stride;
  /// Whether the matrix has whole vectors here; in the last panel of a row-major one it may not.
  bool whole;
};
PanelPlace place_of(const GemmPlan& plan, MatrixLayout layout, std::int64_t p) {
  const std::int64_t width = plan.b.width(p), valid = plan.b.valid(p);
  if (layout == MatrixLayout::kRowMajor)
    return {p, width, valid, p * plan.b.panel, plan.b.columns, valid == width};
  return {p, width, valid, p * plan.b.panel * plan.rows, width, true};
}

/// Goes through the tiles of a chunk, each in the order of k: run(tile, place, rows, last) with
/// everything but c and the targets set.
template <class Run>
void each_tile(const ChunkPlan& work, MatrixLayout layout, const Run& run) {
  const GemmPlan& plan = work.plan;
  const std::int64_t depth = plan.b.rows, most = plan.tile.rows;
  const std::int64_t groups = (work.rows.size() + most - 1) / most;
  Tile tile{};
  const auto sum_up = [&](std::int64_t group, const PanelPlace& place, const float* b) {
    const Range rows = piece(work.rows.size(), groups, group, plan.tile.row_unit);
    tile.rows = rows.size();
    const std::int64_t row = work.rows.begin + rows.begin;
    for (std::int64_t k = 0, step = 0; k < depth; k += step) {
      step = depth_step(plan, k, depth);
      place_a(plan, work.source, row, k, step, tile);
      tile.b = b + k * place.width;
      tile.accumulate = k > 0;
      tile.lines = 0;
      run(tile, place, Range{row, row + rows.size()}, k + step == depth);
    }
  };
  work.each_panels([&](Range some) {
    for (std::int64_t group = 0; group < groups; ++group)
      for (std::int64_t p = some.begin; p < some.end; ++p)
        sum_up(group, place_of(plan, layout, p), work.panel(p, some));
  });
}

/// Fetches the tile after this one of the arrays that are to change.
void fetch_next(const GemmPlan& plan, const PanelPlace& place, std::int64_t row,
                float* const (&arrays)[3], Tile& tile) {
  tile.lines = plan.tile.rows * place.width / kLanes;
  tile.ahead_stride = place.width == kLanes ? 2 * place.stride : place.stride;
  for (int i = 0; i < 3; ++i) tile.ahead[i] = arrays[i] + place.begin + row * place.stride;
}

/// Weights in halves are changed, and fetched, in place of targets[0].
void aim_at_halves(const Halves& halves, float* weights, int states, const PanelPlace& place,
                   Range rows, Tile& tile) {
  const std::int64_t at = halves.panels.offset(place.p) + rows.begin * place.width;
  tile.upper = halves.upper(weights) + at;
  tile.lower = halves.lower(weights) + at;
  tile.ahead[0] = reinterpret_cast<const float*>(tile.upper + rows.size() * place.width);
  for (int state = states; state < 2; ++state) tile.ahead[1 + state] = nullptr;
  tile.ahead_stride = place.width;
  tile.lines = rows.size();
}

}  // namespace

GemmPlan plan_weight_gradient(const GemmKernels& kernels, const LinearShape& shape) {
  ProductCost cost;
  cost.least_rows = 1;
  cost.per_output = 12;  // weights are read and written
  cost.depth_first = true;
  const ProductShape product{shape.inputs, shape.batch, shape.outputs, shape.bf16};
  const bool in_registers = shape.bf16 && kernels.pairs->shape.row_unit > 1;
  cost.by_rows =
      !in_registers && is_cut_by_inputs(shape.batch, shape.inputs,
                                        (shape.outputs + kernels.panel - 1) / kernels.panel);
  return plan_product(kernels, product, MatrixLayout::kTransposed, MatrixLayout::kRowMajor, cost);
}

void weight_gradient(const GemmPlan& plan, const float* x, const float* dy, MatrixLayout layout,
                     float* dw, float* workspace, ThreadPool& pool) {
  const TileTable& functions = plan.tiles();
  run_product(plan, x, dy, workspace, pool, [&](const GemmSource& source, std::int64_t chunk) {
    alignas(64) float block[kMostTileRows * kWidestPanel];
    const auto run = [&](Tile& tile, const PanelPlace& place, Range rows, bool last) {
      const std::int64_t at = place.begin + rows.begin * place.stride;
      tile.c = place.whole ? dw + at : block;
      tile.c_stride = place.whole ? place.stride : place.width;
      if (last) fetch_next(plan, place, rows.end, {dw, dw, dw}, tile);
      functions[place.width / kLanes - 1][rows.size() - 1](tile);
      if (last && !place.whole)
        plan.kernels->finish_rows(block, rows.size(), place.width, nullptr, false, dw + at,
                                  place.stride, place.valid);
    };
    each_tile({plan, source, chunk}, layout, run);
  });
}

void update_weights(const GemmPlan& plan, const float* x, const float* dy, MatrixLayout layout,
                    const UpdateTarget& target, float* workspace, ThreadPool& pool) {
  const int rule = static_cast<int>(target.rule), states = update_states(target.rule);
  // Weights of a bf16 product are halves if they are in panels; else its sums are spent afterwards.
  const bool of_floats = plan.words == nullptr || plan.in_thirds();
  const bool in_halves = !of_floats && layout == MatrixLayout::kPanels;
  const bool fused = of_floats || in_halves;
  const Halves halves({plan.rows, plan.b.columns, plan.b.panel});
  const TileTable& sums = plan.tiles();
  const TileTable& updates =
      plan.words != nullptr ? plan.words->update_tiles[rule] : plan.kernels->update_tiles[rule];
  float* const arrays[3] = {target.weights, states > 0 ? target.states[0] : target.weights,
                            states > 1 ? target.states[1] : target.weights};
  run_product(plan, x, dy, workspace, pool, [&](const GemmSource& source, std::int64_t chunk) {
    alignas(64) float block[kMostTileRows * kWidestPanel];
    const auto run = [&](Tile& tile, const PanelPlace& place, Range rows, bool last) {
      const std::int64_t at = place.begin + rows.begin * place.stride;
      tile.c = block;
      tile.c_stride = place.width;
      if (last) fetch_next(plan, place, rows.end, arrays, tile);
      const bool direct = last && fused && place.whole;
      for (int i = 0; i < 3; ++i) tile.targets[i] = arrays[i] + at;
      if (in_halves && last) aim_at_halves(halves, target.weights, states, place, rows, tile);
      tile.target_stride = place.stride;
      tile.parameters = &target.parameters;
      (direct ? updates : sums)[place.width / kLanes - 1][rows.size() - 1](tile);
      if (!last || direct) return;
      for (std::int64_t r = 0; r < rows.size(); ++r) {
        const std::int64_t row = at + r * place.stride;
        plan.kernels->updates[rule](arrays[0] + row, arrays[1] + row, arrays[2] + row,
                                    block + r * place.width, place.valid, target.parameters);
      }
    };
    each_tile({plan, source, chunk}, layout, run);
  });
}

void update_array(const GemmKernels& kernels, const UpdateTarget& target, const float* gradient,
                  std::int64_t n) {
  kernels.updates[static_cast<int>(target.rule)](target.weights, target.states[0], target.states[1],
                                                 gradient, n, target.parameters);
}

}  // namespace bascule::detail
