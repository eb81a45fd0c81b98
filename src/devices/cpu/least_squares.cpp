#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/devices/least_squares.h>

#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/linear.h"
#include "devices/cpu/vector_kernels.h"

namespace bascule {
Result<FactorMatrix> FactorMatrix::make(std::int64_t rows, std::int64_t factors) {
  FactorMatrix out;
  out.rows_ = rows;
  out.factors_ = factors;
  out.stride_ = stride_for(factors);
  const auto floats = checked_mul(rows, out.stride_);
  if (!floats)
    return Error{Code::kFailed, fmt::format("{} × {} factors are too many", rows, factors)};
  BASCULE_ASSIGN(out.values_, Buffer<float>::make(static_cast<std::size_t>(*floats)));
  std::fill_n(out.values_.data(), *floats, 0.0F);
  return out;
}

std::vector<float> factor_gram(const FactorView& f, ThreadPool& pool) {
  constexpr std::int64_t kRowsPerPiece = 4096;
  const auto size = static_cast<std::size_t>(f.stride * f.stride);
  const Chunks chunks{f.rows, kRowsPerPiece};
  std::vector<float> piece(size), workspace;
  std::vector<double> sums(size, 0);
  for (std::int64_t chunk = 0; chunk < chunks.chunks(); ++chunk) {
    const std::int64_t rows = chunks.end(chunk) - chunks.begin(chunk);
    const detail::GemmPlan plan =
        detail::plan_gemm(detail::gemm_kernels(), {f.stride, rows, f.stride, true, false});
    workspace.resize(static_cast<std::size_t>(plan.workspace_floats(pool.threads())));
    const float* first = f.row(chunks.begin(chunk));
    detail::gemm(plan, first, first, piece.data(), workspace.data(), pool);
    for (std::size_t i = 0; i < size; ++i) sums[i] += double{piece[i]};
  }
  return {sums.begin(), sums.begin() + f.factors * f.stride};
}

void RowSolver::solve(SparseLine observed, int steps, float* w) {
  const detail::FlushDenormals flush;
  const detail::VectorKernels& kernels = detail::vector_kernels();
  const auto width = static_cast<std::size_t>(f_.stride);
  const auto count = static_cast<std::int64_t>(observed.size());
  const double known =
      static_cast<double>(count) + double{problem_.unobserved} * static_cast<double>(f_.rows);
  const auto lambda =
      static_cast<float>(double{problem_.l2} * std::pow(known, double{problem_.exponent}));
  const detail::PickedRows picked{
      f_.data, f_.stride, f_.stride, observed.indices.data(), observed.values.data(), count};
  const auto apply = [&](const float* x, std::vector<float>& out) {
    std::transform(x, x + width, out.begin(), [&](float v) { return lambda * v; });
    std::transform(x, x + f_.factors, weights_.begin(),
                   [&](float v) { return problem_.unobserved * v; });
    kernels.add_rows({gram_.data(), f_.stride, f_.stride, nullptr, weights_.data(), f_.factors},
                     out.data());
    kernels.add_projections(picked, x, out.data());
  };
  const auto dot = [&](const std::vector<float>& a, const std::vector<float>& b) {
    return double{kernels.dot(a.data(), b.data(), f_.stride)};
  };

  residual_.assign(width, 0.0F);
  kernels.add_rows(picked, residual_.data());
  const double target = dot(residual_, residual_) * 1e-12;
  apply(w, image_);
  kernels.add_scaled(image_.data(), -1, residual_.data(), f_.stride);
  direction_ = residual_;
  double squared = dot(residual_, residual_);
  for (int step = 0; step < steps && squared > target; ++step) {
    apply(direction_.data(), image_);
    const double curvature = dot(direction_, image_);
    if (!(curvature > 0)) return;
    const auto length = static_cast<float>(squared / curvature);
    kernels.add_scaled(direction_.data(), length, w, f_.stride);
    kernels.add_scaled(image_.data(), -length, residual_.data(), f_.stride);
    const double before = squared;
    squared = dot(residual_, residual_);
    const auto kept = static_cast<float>(squared / before);
    std::transform(residual_.begin(), residual_.end(), direction_.begin(), direction_.begin(),
                   [&](float r, float d) { return r + kept * d; });
  }
}

void solve_rows(const CompressedView& x, const FactorView& f, const LeastSquares& problem,
                int steps, FactorMatrix& out, ThreadPool& pool) {
  const std::vector<float> gram = factor_gram(f, pool);
  std::vector<std::unique_ptr<RowSolver>> solvers(static_cast<std::size_t>(pool.threads()));
  const Chunks chunks{x.majors, 64};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    auto& solver = solvers[static_cast<std::size_t>(thread)];
    if (!solver) solver = std::make_unique<RowSolver>(f, gram, problem);
    for (std::int64_t row = chunks.begin(chunk); row < chunks.end(chunk); ++row)
      solver->solve(x.line(row), steps, out.row(row));
  });
}

}  // namespace bascule
