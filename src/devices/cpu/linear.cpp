#include "devices/cpu/linear.h"

#include "devices/cpu/gemm_loops.h"

namespace bascule::detail {
namespace {

constexpr auto kNothingAhead = [](Tile&, std::int64_t, std::int64_t) {};

}  // namespace

GemmPlan plan_linear_forward(const GemmKernels& kernels, const LinearShape& shape,
                             MatrixLayout weights) {
  return plan_product(kernels, shape.batch, shape.inputs, shape.outputs, MatrixLayout::kRowMajor,
                      weights, {});
}

void linear_forward(const GemmPlan& plan, const float* x, const float* w,
                    const ForwardEpilogue& epilogue, float* y, float* workspace, ThreadPool& pool) {
  const GemmSource source = prepare_product(plan, x, w, workspace, pool);
  const std::int64_t outputs = plan.b.columns;
  const auto finish = [&](const float* block, std::int64_t row, std::int64_t rows, std::int64_t p) {
    const std::int64_t column = p * plan.b.panel, valid = plan.b.valid(p);
    float* place = y + row * outputs + column;
    const float* bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + column;
    plan.kernels->finish_rows(block, rows, plan.b.width(p), bias, epilogue.relu, place, outputs,
                              valid);
    if (epilogue.activation == nullptr) return;
    for (std::int64_t r = 0; r < rows; ++r)
      epilogue.activation(place + r * outputs, valid, epilogue.context);
  };
  run_chunks(pool, plan.grid.chunks(), [&](std::int64_t chunk) {
    multiply_chunk(plan, source, chunk, kRowBlock, kNothingAhead, finish);
  });
}

GemmPlan plan_input_gradient(const GemmKernels& kernels, const LinearShape& shape,
                             MatrixLayout weights) {
  ProductCost cost;
  cost.row_unit = kLanes;  // dx is written in transposed blocks of 16
  return plan_product(kernels, shape.inputs, shape.outputs, shape.batch, weights,
                      MatrixLayout::kTransposed, cost);
}

// The product computed is dxᵀ = W dyᵀ: W is read where it lies, and vectors run over the batch.
void input_gradient(const GemmPlan& plan, const float* dy, const float* w,
                    const BackwardEpilogue& epilogue, float* dx, float* workspace,
                    ThreadPool& pool) {
  const GemmSource source = prepare_product(plan, w, dy, workspace, pool);
  const std::int64_t inputs = plan.rows;
  const auto finish = [&](const float* block, std::int64_t row, std::int64_t rows, std::int64_t p) {
    const std::int64_t at = p * plan.b.panel * inputs + row;
    const float* mask = epilogue.relu ? epilogue.x + at : nullptr;
    plan.kernels->finish_columns(block, rows, plan.b.width(p), mask, dx + at, inputs,
                                 plan.b.valid(p));
    if (epilogue.derivative == nullptr) return;
    for (std::int64_t sample = 0; sample < plan.b.valid(p); ++sample)
      epilogue.derivative(dx + at + sample * inputs, epilogue.x + at + sample * inputs, rows,
                          epilogue.context);
  };
  run_chunks(pool, plan.grid.chunks(), [&](std::int64_t chunk) {
    multiply_chunk(plan, source, chunk, kRowBlock, kNothingAhead, finish);
  });
}

GemmPlan plan_gemm(const GemmKernels& kernels, const GemmShape& shape) {
  const auto layout = [](bool transposed) {
    return transposed ? MatrixLayout::kTransposed : MatrixLayout::kRowMajor;
  };
  return plan_product(kernels, shape.rows, shape.depth, shape.columns, layout(shape.transpose_a),
                      layout(shape.transpose_b), {});
}

void gemm(const GemmPlan& plan, const float* a, const float* b, float* c, float* workspace,
          ThreadPool& pool) {
  linear_forward(plan, a, b, {}, c, workspace, pool);
}

}  // namespace bascule::detail
