#pragma once
// Least squares with implicit feedback, row by row, on the CPU: the half step of alternating least
// squares. Results depend on the instruction set, not on the number of threads.
#include <cstdint>
#include <span>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/tensor/buffer.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

/// Rows of `factors` floats, `stride` (a multiple of 16) apart, with zeros between.
struct FactorView {
  const float* data = nullptr;
  std::int64_t rows = 0, factors = 0, stride = 0;
  [[nodiscard]] const float* row(std::int64_t i) const { return data + i * stride; }
};

class FactorMatrix {
 public:
  FactorMatrix() = default;
  /// All zeros. Fails with kFailed when the memory is not to be had.
  static Result<FactorMatrix> make(std::int64_t rows, std::int64_t factors);
  static std::int64_t stride_for(std::int64_t factors) { return (factors + 15) / 16 * 16; }

  [[nodiscard]] FactorView view() const { return {values_.data(), rows_, factors_, stride_}; }
  [[nodiscard]] float* row(std::int64_t i) { return values_.data() + i * stride_; }
  [[nodiscard]] std::span<const float> values() const { return values_.span(); }
  [[nodiscard]] std::span<float> values() { return values_.span(); }

 private:
  std::int64_t rows_ = 0, factors_ = 0, stride_ = 0;
  Buffer<float> values_;
};

inline constexpr std::int64_t kFactorsPerPiece = 4096;
/// FᵀF, [factors, stride]: the rows of F one after another in pieces of so many, each in single
/// precision, the pieces in double.
std::vector<float> factor_gram(const FactorView& f, ThreadPool& pool);

/// For a row with observed entries (i, v): minimises over w
///   Σ_observed v (1 − w·f_i)² + unobserved Σ_i (w·f_i)² + λ |w|²,
///   λ = l2 (observed + unobserved · rows)^exponent
/// (Hu, Koren and Volinsky, ICDM 2008, in the form of Rendle et al., "Revisiting the performance of
/// iALS on item recommendation benchmarks", RecSys 2022).
struct LeastSquares {
  float unobserved = 0.1F;  ///< >= 0
  float l2 = 0.003F;        ///< > 0
  float exponent = 1;       ///< >= 0
};

/// Solves for one row after another by conjugate gradients; keeps its working memory.
class RowSolver {
 public:
  /// `gram` is factor_gram(f); both are borrowed.
  RowSolver(const FactorView& f, std::span<const float> gram, const LeastSquares& problem)
      : f_(f),
        gram_(gram),
        problem_(problem),
        memory_(static_cast<std::size_t>(3 * f.stride)),
        weights_(static_cast<std::size_t>(f.stride)) {}

  /// Improves w (f.stride floats, zeros behind f.factors) by at most `steps` steps; stops early
  /// when the residual is below 1e-6 of the right-hand side.
  void solve(SparseLine observed, int steps, float* w);

 private:
  FactorView f_;
  std::span<const float> gram_;
  LeastSquares problem_;
  std::vector<float> memory_, weights_;
};

/// RowSolver for every row of x, each from what `out` holds. Long rows are solved many at a time,
/// which rounds their sums in another way.
void solve_rows(const CompressedView& x, const FactorView& f, const LeastSquares& problem,
                int steps, FactorMatrix& out, ThreadPool& pool);

}  // namespace bascule
