#include <algorithm>

#include "devices/cpu/gemm_by_depth.h"
#include "devices/cpu/input_gradient_deep.h"
#include "devices/cpu/linear.h"

namespace bascule::detail {
namespace {

/// So few samples would leave most lanes of a vector over the batch empty; vectors run over the
/// outputs instead.
constexpr std::int64_t kFewSamples = 4;
bool few_samples(const GemmPlan& plan) {
  return plan.a_layout == MatrixLayout::kPanels && plan.words == nullptr &&
         plan.b.columns <= kFewSamples;
}

/// dx of rows [rows.begin, rows.end) of W; `dy` has the padded width of W.
void dot_rows(const GemmPlan& plan, const float* w, const float* dy, Range rows, float* dx) {
  const Panels& a = plan.a;
  const std::int64_t last = a.count() - 1, whole = a.width(last) == a.panel ? last + 1 : last;
  for (std::int64_t begin = rows.begin; begin < rows.end; begin += kLanes) {
    const std::int64_t count = std::min(kLanes, rows.end - begin);
    for (std::int64_t sample = 0; sample < plan.b.columns; ++sample) {
      const float* d = dy + sample * a.padded_columns();
      float* out = dx + sample * plan.rows + begin;
      plan.kernels->dot_rows(w + begin * a.panel, count, whole, a.panel, a.panel * a.rows, d, false,
                             out);
      if (whole > last) continue;
      const std::int64_t width = a.width(last);
      plan.kernels->dot_rows(w + a.offset(last) + begin * width, count, 1, width, 0,
                             d + last * a.panel, true, out);
    }
  }
}

void input_gradient_of_few(const GemmPlan& plan, const float* dy, const float* w,
                           const BackwardEpilogue& epilogue, float* dx, float* workspace,
                           ThreadPool& pool) {
  const std::int64_t outputs = plan.b.rows, padded = plan.a.padded_columns();
  for (std::int64_t sample = 0; sample < plan.b.columns; ++sample) {
    float* row = workspace + sample * padded;
    std::fill(std::copy_n(dy + sample * outputs, outputs, row), row + padded, 0.0F);
  }
  run_chunks(pool, plan.grid.chunks(), [&](std::int64_t chunk, int) {
    const Range rows = plan.grid.row_range(chunk);
    dot_rows(plan, w, workspace, rows, dx);
    for (std::int64_t sample = 0; sample < plan.b.columns; ++sample) {
      float* row = dx + sample * plan.rows + rows.begin;
      if (epilogue.x == nullptr) continue;
      const float* x = epilogue.x + sample * plan.rows + rows.begin;
      for (std::int64_t i = 0; epilogue.relu && i < rows.size(); ++i)
        row[i] = x[i] > 0 ? row[i] : 0;
      if (epilogue.derivative != nullptr)
        epilogue.derivative(row, x, rows.size(), epilogue.context);
    }
  });
}

}  // namespace

GemmPlan plan_input_gradient(const GemmKernels& kernels, const LinearShape& shape,
                             MatrixLayout weights) {
  GemmPlan plan = plan_product(kernels, {shape.inputs, shape.outputs, shape.batch, shape.bf16},
                               weights, MatrixLayout::kTransposed, transposed_cost());
  if (few_samples(plan)) {
    plan.extra_floats = shape.batch * plan.a.padded_columns();
  } else if (is_deep(plan)) {
    plan.extra_floats = deep_floats(plan);
  } else if (goes_by_depth(plan)) {
    plan.extra_floats = floats_by_depth(plan);
    plan.thread_floats = DepthGrid(plan).thread_floats();
  }
  return plan;
}

// The product computed is dxᵀ = W dyᵀ: W is read where it lies, and vectors run over the batch.
void input_gradient(const GemmPlan& plan, const float* dy, const float* w,
                    const BackwardEpilogue& epilogue, float* dx, float* workspace,
                    ThreadPool& pool) {
  if (few_samples(plan)) return input_gradient_of_few(plan, dy, w, epilogue, dx, workspace, pool);
  if (is_deep(plan)) return input_gradient_deep(plan, dy, w, epilogue, dx, workspace, pool);
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
  if (goes_by_depth(plan)) return multiply_by_depth(plan, w, dy, workspace, pool, finish);
  run_product(plan, w, dy, workspace, pool, [&](const GemmSource& source, std::int64_t chunk) {
    multiply_chunk({plan, source, chunk}, finish);
  });
}

}  // namespace bascule::detail
