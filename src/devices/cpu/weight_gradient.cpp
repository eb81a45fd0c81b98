#include "devices/cpu/gemm_loops.h"
#include "devices/cpu/linear.h"

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

}  // namespace

GemmPlan plan_weight_gradient(const GemmKernels& kernels, const LinearShape& shape) {
  ProductCost cost;
  cost.least_rows = 1;
  cost.per_output = 12;  // weights are read and written
  return plan_product(kernels, shape.inputs, shape.batch, shape.outputs, MatrixLayout::kTransposed,
                      MatrixLayout::kRowMajor, cost);
}

void weight_gradient(const GemmPlan& plan, const float* x, const float* dy, MatrixLayout layout,
                     float* dw, float* workspace, ThreadPool& pool) {
  const GemmSource source = prepare_product(plan, x, dy, workspace, pool);
  const auto ahead = [&](Tile& tile, std::int64_t row, std::int64_t p) {
    if (layout == MatrixLayout::kRowMajor) return;
    // The tile after this one.
    const Place place = place_of(plan, layout, row + plan.kernels->rows, p);
    tile.lines = plan.kernels->rows * plan.b.width(p) / kLanes;
    for (float*& array : tile.ahead) array = dw + place.at;
  };
  const auto finish = [&](const float* block, std::int64_t row, std::int64_t rows, std::int64_t p) {
    const Place place = place_of(plan, layout, row, p);
    const std::int64_t columns =
        layout == MatrixLayout::kPanels ? plan.b.width(p) : plan.b.valid(p);
    plan.kernels->finish_rows(block, rows, plan.b.width(p), nullptr, false, dw + place.at,
                              place.stride, columns);
  };
  run_chunks(pool, plan.grid.chunks(), [&](std::int64_t chunk) {
    multiply_chunk(plan, source, chunk, plan.kernels->rows, ahead, finish);
  });
}

void update_weights(const GemmPlan& plan, const float* x, const float* dy, MatrixLayout layout,
                    const UpdateTarget& target, float* workspace, ThreadPool& pool) {
  const GemmSource source = prepare_product(plan, x, dy, workspace, pool);
  const auto update = plan.kernels->updates[static_cast<int>(target.rule)];
  const int states = update_states(target.rule);
  float* const arrays[3] = {target.weights, states > 0 ? target.states[0] : target.weights,
                            states > 1 ? target.states[1] : target.weights};
  const auto ahead = [&](Tile& tile, std::int64_t row, std::int64_t p) {
    if (layout == MatrixLayout::kRowMajor) return;
    const Place place = place_of(plan, layout, row + plan.kernels->rows, p);
    tile.lines = plan.kernels->rows * plan.b.width(p) / kLanes;
    for (int i = 0; i < 3; ++i) tile.ahead[i] = arrays[i] + place.at;
  };
  const auto change = [&](const float* gradient, std::int64_t at, std::int64_t n) {
    update(target.weights + at, states > 0 ? target.states[0] + at : nullptr,
           states > 1 ? target.states[1] + at : nullptr, gradient, n, target.parameters);
  };
  const auto finish = [&](const float* block, std::int64_t row, std::int64_t rows, std::int64_t p) {
    const Place place = place_of(plan, layout, row, p);
    const std::int64_t width = plan.b.width(p);
    if (layout == MatrixLayout::kPanels) return change(block, place.at, rows * width);
    for (std::int64_t r = 0; r < rows; ++r)
      change(block + r * width, place.at + r * place.stride, plan.b.valid(p));
  };
  run_chunks(pool, plan.grid.chunks(), [&](std::int64_t chunk) {
    multiply_chunk(plan, source, chunk, plan.kernels->rows, ahead, finish);
  });
}

void update_array(const GemmKernels& kernels, const UpdateTarget& target, const float* gradient,
                  std::int64_t n) {
  kernels.updates[static_cast<int>(target.rule)](target.weights, target.states[0], target.states[1],
                                                 gradient, n, target.parameters);
}

}  // namespace bascule::detail
