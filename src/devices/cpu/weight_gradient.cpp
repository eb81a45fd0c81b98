#include "devices/cpu/gemm_loops.h"
#include "devices/cpu/linear.h"
#include "devices/cpu/pairs_kernels.h"

namespace bascule::detail {
namespace {

/// Where row `row` of panel p of a matrix [inputs, outputs] lies, and how far apart its rows are.
struct Place {
  std::int64_t at, stride;
};
Place place_of(const GemmPlan& plan, MatrixLayout layout, std::int64_t row, std::int64_t p) {
  if (layout == MatrixLayout::kRowMajor)
    return {row * plan.b.columns + p * plan.b.panel, plan.b.columns};
  const std::int64_t width = plan.b.width(p);
  return {p * plan.b.panel * plan.rows + row * width, width};
}

/// Whether panel p of the result has whole vectors; the last one of a row-major matrix may not.
bool whole(const GemmPlan& plan, MatrixLayout layout, std::int64_t p) {
  return layout == MatrixLayout::kPanels || plan.b.valid(p) == plan.b.width(p);
}

/// Goes through the tiles of a chunk, each in the order of k: run(tile, row, rows, p, last) with
/// everything but c and the targets set.
template <class Run>
void each_tile(const ChunkPlan& work, const Run& run) {
  const GemmPlan& plan = work.plan;
  const std::int64_t groups = (work.rows.size() + plan.kernels->rows - 1) / plan.kernels->rows;
  for (std::int64_t p = work.panels.begin; p < work.panels.end; ++p) {
    const float* b = work.panel(p);
    for (std::int64_t group = 0; group < groups; ++group) {
      const Range rows = piece(work.rows.size(), groups, group);
      for (std::int64_t k = 0, step = 0; k < plan.b.rows; k += step) {
        step = depth_step(plan, k);
        Tile tile{};
        place_a(plan, work.source, work.rows.begin + rows.begin, k, step, tile);
        tile.b = b + k * plan.b.width(p);
        tile.accumulate = k > 0;
        run(tile, work.rows.begin + rows.begin, rows.size(), p, k + step == plan.b.rows);
      }
    }
  }
}

/// Fetches the tile after this one of the arrays that are to change.
void fetch_next(const GemmPlan& plan, Place place, std::int64_t rows, std::int64_t width,
                float* const (&arrays)[3], Tile& tile) {
  tile.lines = plan.kernels->rows * width / kLanes;
  tile.ahead_stride = width == kLanes ? 2 * place.stride : place.stride;
  for (int i = 0; i < 3; ++i) tile.ahead[i] = arrays[i] + place.at + rows * place.stride;
}

/// Weights in halves are changed, and fetched, in place of targets[0].
void aim_at_halves(const Halves& halves, float* weights, int states, std::int64_t row,
                   std::int64_t rows, std::int64_t p, Tile& tile) {
  const std::int64_t width = halves.panels.width(p), at = halves.panels.offset(p) + row * width;
  tile.upper = halves.upper(weights) + at;
  tile.lower = halves.lower(weights) + at;
  tile.ahead[0] = reinterpret_cast<const float*>(tile.upper + rows * width);
  for (int state = states; state < 2; ++state) tile.ahead[1 + state] = nullptr;
  tile.ahead_stride = width;
  tile.lines = rows;
}

}  // namespace

GemmPlan plan_weight_gradient(const GemmKernels& kernels, const LinearShape& shape) {
  ProductCost cost;
  cost.least_rows = 1;
  cost.per_output = 12;  // weights are read and written
  return plan_product(kernels, {shape.inputs, shape.batch, shape.outputs, shape.bf16},
                      MatrixLayout::kTransposed, MatrixLayout::kRowMajor, cost);
}

void weight_gradient(const GemmPlan& plan, const float* x, const float* dy, MatrixLayout layout,
                     float* dw, float* workspace, ThreadPool& pool) {
  const TileTable& functions = plan.tiles();
  run_product(plan, x, dy, workspace, pool, [&](const GemmSource& source, std::int64_t chunk) {
    alignas(64) float block[kMostTileRows * kWidestPanel];
    const auto run = [&](Tile& tile, std::int64_t row, std::int64_t rows, std::int64_t p,
                         bool last) {
      const std::int64_t width = plan.b.width(p);
      const Place place = place_of(plan, layout, row, p);
      const bool direct = whole(plan, layout, p);
      tile.c = direct ? dw + place.at : block;
      tile.c_stride = direct ? place.stride : width;
      if (last) fetch_next(plan, place, rows, width, {dw, dw, dw}, tile);
      functions[width / kLanes - 1][rows - 1](tile);
      if (last && !direct)
        plan.kernels->finish_rows(block, rows, width, nullptr, false, dw + place.at, place.stride,
                                  plan.b.valid(p));
    };
    each_tile({plan, source, chunk}, run);
  });
}

void update_weights(const GemmPlan& plan, const float* x, const float* dy, MatrixLayout layout,
                    const UpdateTarget& target, float* workspace, ThreadPool& pool) {
  const int rule = static_cast<int>(target.rule), states = update_states(target.rule);
  // Weights of a bf16 product are halves if they are in panels; else its sums are spent afterwards.
  const bool in_halves = plan.pairs != nullptr && layout == MatrixLayout::kPanels;
  const bool fused = plan.pairs == nullptr || in_halves;
  const Halves halves({plan.rows, plan.b.columns, plan.b.panel});
  const TileTable& sums = plan.tiles();
  const TileTable& updates =
      in_halves ? plan.pairs->update_tiles[rule] : plan.kernels->update_tiles[rule];
  float* const arrays[3] = {target.weights, states > 0 ? target.states[0] : target.weights,
                            states > 1 ? target.states[1] : target.weights};
  run_product(plan, x, dy, workspace, pool, [&](const GemmSource& source, std::int64_t chunk) {
    alignas(64) float block[kMostTileRows * kWidestPanel];
    const auto run = [&](Tile& tile, std::int64_t row, std::int64_t rows, std::int64_t p,
                         bool last) {
      const std::int64_t width = plan.b.width(p);
      const Place place = place_of(plan, layout, row, p);
      tile.c = block;
      tile.c_stride = width;
      if (last) fetch_next(plan, place, rows, width, arrays, tile);
      const bool direct = last && fused && whole(plan, layout, p);
      for (int i = 0; i < 3; ++i) tile.targets[i] = arrays[i] + place.at;
      if (in_halves && last) aim_at_halves(halves, target.weights, states, row, rows, p, tile);
      tile.target_stride = place.stride;
      tile.parameters = &target.parameters;
      (direct ? updates : sums)[width / kLanes - 1][rows - 1](tile);
      if (!last || direct) return;
      for (std::int64_t r = 0; r < rows; ++r) {
        const std::int64_t at = place.at + r * place.stride;
        plan.kernels->updates[rule](arrays[0] + at, arrays[1] + at, arrays[2] + at,
                                    block + r * width, plan.b.valid(p), target.parameters);
      }
    };
    each_tile({plan, source, chunk}, run);
  });
}

void update_array(const GemmKernels& kernels, const UpdateTarget& target, const float* gradient,
                  std::int64_t n) {
  kernels.updates[static_cast<int>(target.rule)](target.weights, target.states[0], target.states[1],
                                                 gradient, n, target.parameters);
}

}  // namespace bascule::detail
