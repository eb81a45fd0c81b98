#include "devices/cpu/linear.h"

#include <algorithm>

#include "devices/cpu/forward_in_halves.h"
#include "devices/cpu/gemm_loops.h"

namespace bascule::detail {
// The operand that is packed should be the smaller one: with fewer rows than columns cᵀ = bᵀ aᵀ is
// computed, for which b is read where it lies. Vectors then run over the rows, which have to fill
// them.
GemmPlan plan_gemm(const GemmKernels& kernels, const GemmShape& shape) {
  constexpr std::int64_t kLeastRows = 12;
  const auto layout = [](bool transposed) {
    return transposed ? MatrixLayout::kTransposed : MatrixLayout::kRowMajor;
  };
  const bool exchanged =
      shape.rows < shape.columns && (shape.transpose_b || shape.rows >= kLeastRows);
  if (!exchanged)
    return plan_product(kernels, {shape.rows, shape.depth, shape.columns, shape.bf16},
                        layout(shape.transpose_a), layout(shape.transpose_b), {});
  GemmPlan plan =
      plan_product(kernels, {shape.columns, shape.depth, shape.rows, shape.bf16},
                   layout(!shape.transpose_b), layout(!shape.transpose_a), transposed_cost());
  plan.exchanged = true;
  return plan;
}

GemmPlan plan_linear_forward(const GemmKernels& kernels, const LinearShape& shape,
                             MatrixLayout weights) {
  if (weights == MatrixLayout::kRowMajor)
    return plan_gemm(kernels, {shape.batch, shape.inputs, shape.outputs, false, false, shape.bf16});
  // What goes in halves is faster than with thirds.
  const bool as_floats = is_cut_by_inputs(shape.batch, shape.inputs,
                                          (shape.outputs + kernels.panel - 1) / kernels.panel);
  GemmPlan plan =
      plan_product(kernels, {shape.batch, shape.inputs, shape.outputs, shape.bf16, as_floats},
                   MatrixLayout::kRowMajor, weights, {});
  if (goes_in_halves(plan)) plan.extra_floats = floats_in_halves(plan);
  return plan;
}

void linear_forward(const GemmPlan& plan, const float* x, const float* w,
                    const ForwardEpilogue& epilogue, float* y, float* workspace, ThreadPool& pool) {
  const GemmKernels& kernels = *plan.kernels;
  const std::int64_t outputs = plan.exchanged ? plan.rows : plan.b.columns;
  const auto bias_from = [&](std::int64_t column) {
    return epilogue.bias == nullptr ? nullptr : epilogue.bias + column;
  };
  // Rows [row, row + rows) and the columns of panel p of y.
  const auto finish = [&](const float* block, std::int64_t row, std::int64_t rows, std::int64_t p) {
    const std::int64_t column = p * plan.b.panel, valid = plan.b.valid(p);
    float* place = y + row * outputs + column;
    kernels.finish_rows(block, rows, plan.b.width(p), bias_from(column), epilogue.relu, place,
                        outputs, valid);
    if (epilogue.activation == nullptr) return;
    for (std::int64_t r = 0; r < rows; ++r)
      epilogue.activation(place + r * outputs, valid, epilogue.context);
  };
  if (goes_in_halves(plan)) return multiply_in_halves(plan, x, w, workspace, pool, finish);
  // The same of yᵀ: columns of y, and as rows the samples of the panel.
  const auto finish_exchanged = [&](const float* block, std::int64_t column, std::int64_t columns,
                                    std::int64_t p) {
    const std::int64_t samples = plan.b.valid(p);
    float* place = y + p * plan.b.panel * outputs + column;
    kernels.finish_columns(block, columns, plan.b.width(p), nullptr, place, outputs, samples);
    for (std::int64_t s = 0; s < samples; ++s, place += outputs) {
      if (epilogue.bias != nullptr || epilogue.relu)
        kernels.finish_rows(place, 1, columns, bias_from(column), epilogue.relu, place, 0, columns);
      if (epilogue.activation != nullptr) epilogue.activation(place, columns, epilogue.context);
    }
  };
  run_product(plan, plan.exchanged ? w : x, plan.exchanged ? x : w, workspace, pool,
              [&](const GemmSource& source, std::int64_t chunk) {
                if (plan.exchanged) return multiply_chunk({plan, source, chunk}, finish_exchanged);
                multiply_chunk({plan, source, chunk, y, outputs}, finish);
              });
}

void gemm(const GemmPlan& plan, const float* a, const float* b, float* c, float* workspace,
          ThreadPool& pool) {
  linear_forward(plan, a, b, {}, c, workspace, pool);
}

}  // namespace bascule::detail
