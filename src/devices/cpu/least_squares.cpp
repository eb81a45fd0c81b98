#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/devices/least_squares.h>

#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/vector_kernels.h"

namespace bascule {
namespace {

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

}  // namespace

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
  constexpr std::int64_t kRowsPerPiece = 2048;
  const auto size = static_cast<std::size_t>(f.factors * f.stride);
  const Chunks chunks{f.rows, kRowsPerPiece};
  const auto add = detail::vector_kernels().add_scaled;
  std::vector<std::vector<float>> pieces(static_cast<std::size_t>(chunks.chunks()));
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    const detail::FlushDenormals flush;
    std::vector<float>& piece = pieces[static_cast<std::size_t>(chunk)];
    piece.assign(size, 0.0F);
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i)
      for (std::int64_t k = 0; k < f.factors; ++k)
        add(f.row(i), f.row(i)[k], piece.data() + k * f.stride, f.stride);
  });
  std::vector<double> sums(size, 0);
  for (const std::vector<float>& piece : pieces)
    for (std::size_t i = 0; i < size; ++i) sums[i] += double{piece[i]};
  return {sums.begin(), sums.end()};
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
    out.assign(width, 0.0F);
    kernels.add_scaled(x, lambda, out.data(), f_.stride);
    for (std::int64_t k = 0; k < f_.factors; ++k)
      kernels.add_scaled(gram_.data() + k * f_.stride, problem_.unobserved * x[k], out.data(),
                         f_.stride);
    kernels.add_projections(picked, x, out.data());
  };

  residual_.assign(width, 0.0F);
  for (std::int64_t e = 0; e < count; ++e)
    kernels.add_scaled(f_.row(picked.index[e]), picked.weights[e], residual_.data(), f_.stride);
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
