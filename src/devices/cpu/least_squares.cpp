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
  const auto size = static_cast<std::size_t>(f.stride * f.stride);
  const Chunks chunks{f.rows, kFactorsPerPiece};
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

namespace {

/// Rows of factors that are picked are read again in every pass. Where they are more than the
/// second cache keeps, many rows are solved at once, for a block of factors after the other.
constexpr std::int64_t kCacheBytes = std::int64_t{1} << 20;

/// Of one row: where it is in its passes. The first pass makes the residual, each other one a step.
struct Descent {
  float *w, *residual, *direction, *image;
  float lambda;
  double target = 0, squared = 0;
  int passes = 0;
  bool done = false;

  /// What the matrix is applied to.
  [[nodiscard]] const float* factor() const { return passes == 0 ? w : direction; }
};

/// Conjugate gradients, a pass in three parts.
class Equations {
 public:
  Equations(const FactorView& f, std::span<const float> gram, const LeastSquares& problem,
            std::vector<float>& weights)
      : f_(f), gram_(gram), problem_(problem), weights_(weights) {}

  /// `memory`: three times f.stride floats.
  [[nodiscard]] Descent start(std::size_t observed, float* w, float* memory) const {
    const double known =
        static_cast<double>(observed) + double{problem_.unobserved} * static_cast<double>(f_.rows);
    const double lambda = double{problem_.l2} * std::pow(known, double{problem_.exponent});
    return {w, memory, memory + f_.stride, memory + 2 * f_.stride, static_cast<float>(lambda)};
  }

  /// What all rows of factors have in it.
  void begin(Descent& d) const {
    const float* x = d.factor();
    if (d.passes == 0) std::fill_n(d.residual, f_.stride, 0.0F);
    std::transform(x, x + f_.stride, d.image, [&](float v) { return d.lambda * v; });
    std::transform(x, x + f_.factors, weights_.begin(),
                   [&](float v) { return problem_.unobserved * v; });
    kernels_.add_rows({gram_.data(), f_.stride, f_.stride, nullptr, weights_.data(), f_.factors},
                      d.image);
  }
  /// What some of the observed ones have.
  void add(SparseLine observed, Descent& d) const {
    const detail::PickedRows picked{f_.data,
                                    f_.stride,
                                    f_.stride,
                                    observed.indices.data(),
                                    observed.values.data(),
                                    static_cast<std::int64_t>(observed.size())};
    if (d.passes == 0) kernels_.add_rows(picked, d.residual);
    kernels_.add_projections(picked, d.factor(), d.image);
  }
  void end(Descent& d) const {
    if (d.passes++ == 0) {
      d.target = dot(d.residual, d.residual) * 1e-12;
      kernels_.add_scaled(d.image, -1, d.residual, f_.stride);
      std::copy_n(d.residual, f_.stride, d.direction);
      d.squared = dot(d.residual, d.residual);
    } else {
      const double curvature = dot(d.direction, d.image);
      d.done = !(curvature > 0);
      if (d.done) return;
      const auto length = static_cast<float>(d.squared / curvature);
      kernels_.add_scaled(d.direction, length, d.w, f_.stride);
      kernels_.add_scaled(d.image, -length, d.residual, f_.stride);
      const double before = d.squared;
      d.squared = dot(d.residual, d.residual);
      const auto kept = static_cast<float>(d.squared / before);
      std::transform(d.residual, d.residual + f_.stride, d.direction, d.direction,
                     [&](float r, float direction) { return r + kept * direction; });
    }
    d.done = !(d.squared > d.target);
  }

 private:
  [[nodiscard]] double dot(const float* a, const float* b) const {
    return double{kernels_.dot(a, b, f_.stride)};
  }

  const detail::VectorKernels& kernels_ = detail::vector_kernels();
  const FactorView& f_;
  std::span<const float> gram_;
  const LeastSquares& problem_;
  std::vector<float>& weights_;
};

/// Rows of factors that the second cache keeps.
std::int64_t rows_of_cache(const FactorView& f) {
  return std::max<std::int64_t>(1, kCacheBytes / (f.stride * std::int64_t{sizeof(float)}));
}

/// Solves for some rows at once: each pass goes over the factors, in blocks that stay in the second
/// cache for all of them.
void solve_together(const CompressedView& x, std::span<const std::int64_t> rows,
                    const FactorView& f, std::span<const float> gram, const LeastSquares& problem,
                    int steps, FactorMatrix& out) {
  const detail::FlushDenormals flush;
  const std::int64_t block = rows_of_cache(f), blocks = (f.rows + block - 1) / block;
  std::vector<float> weights(static_cast<std::size_t>(f.stride));
  std::vector<float> memory(rows.size() * 3 * weights.size());
  const Equations equations(f, gram, problem, weights);
  std::vector<Descent> all;
  std::vector<std::size_t> ends;  // of each row, where each block ends
  for (const std::int64_t row : rows) {
    const SparseLine line = x.line(row);
    all.push_back(equations.start(line.size(), out.row(row),
                                  memory.data() + 3 * weights.size() * all.size()));
    auto at = line.indices.begin();
    for (std::int64_t b = 1; b <= blocks; ++b) {
      at = std::lower_bound(at, line.indices.end(), b * block);
      ends.push_back(static_cast<std::size_t>(at - line.indices.begin()));
    }
  }
  const auto each = [&](const auto& use) {
    for (std::size_t r = 0; r < rows.size(); ++r)
      if (!all[r].done) use(r, all[r]);
  };
  for (int pass = 0; pass <= steps; ++pass) {
    each([&](std::size_t, Descent& d) { equations.begin(d); });
    for (std::size_t b = 0; b < static_cast<std::size_t>(blocks); ++b) {
      each([&](std::size_t r, Descent& d) {
        const std::size_t* end = ends.data() + r * static_cast<std::size_t>(blocks) + b;
        const std::size_t first = b == 0 ? 0 : end[-1], count = *end - first;
        const SparseLine line = x.line(rows[r]);
        equations.add({line.indices.subspan(first, count), line.values.subspan(first, count)}, d);
      });
    }
    each([&](std::size_t, Descent& d) { equations.end(d); });
  }
}

}  // namespace

void RowSolver::solve(SparseLine observed, int steps, float* w) {
  const detail::FlushDenormals flush;
  const Equations equations(f_, gram_, problem_, weights_);
  Descent d = equations.start(observed.size(), w, memory_.data());
  for (int pass = 0; pass <= steps && !d.done; ++pass) {
    equations.begin(d);
    equations.add(observed, d);
    equations.end(d);
  }
}

void solve_rows(const CompressedView& x, const FactorView& f, const LeastSquares& problem,
                int steps, FactorMatrix& out, ThreadPool& pool) {
  const std::vector<float> gram = factor_gram(f, pool);
  std::vector<std::int64_t> heavy;
  for (std::int64_t row = 0; row < x.majors; ++row)
    if (x.length(row) > rows_of_cache(f)) heavy.push_back(row);
  // Who is solved together does not matter to a row; many use a block often, few suit many threads.
  constexpr std::int64_t kFewest = 16, kMost = 512, kTasksPerThread = 4;
  const std::int64_t together = std::clamp(
      std::ssize(heavy) / (kTasksPerThread * std::int64_t{pool.threads()}), kFewest, kMost);
  const Chunks tasks{std::ssize(heavy), together};
  pool.run(tasks.chunks(), [&](std::int64_t task, int) {
    const auto begin = static_cast<std::size_t>(tasks.begin(task));
    const auto end = static_cast<std::size_t>(tasks.end(task));
    solve_together(x, std::span(heavy).subspan(begin, end - begin), f, gram, problem, steps, out);
  });
  std::vector<std::unique_ptr<RowSolver>> solvers(static_cast<std::size_t>(pool.threads()));
  const Chunks chunks{x.majors, 64};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    auto& solver = solvers[static_cast<std::size_t>(thread)];
    if (!solver) solver = std::make_unique<RowSolver>(f, gram, problem);
    for (std::int64_t row = chunks.begin(chunk); row < chunks.end(chunk); ++row)
      if (x.length(row) <= rows_of_cache(f)) solver->solve(x.line(row), steps, out.row(row));
  });
}

}  // namespace bascule
