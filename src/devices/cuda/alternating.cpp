#include "devices/cuda/alternating.h"

#include <fmt/format.h>

namespace bascule::cuda {
namespace {

/// A matrix in the memory of the GPU.
struct Observations {
  Values<std::int64_t> offsets;
  Values<std::int32_t> indices;
  Values<float> values;
  std::int64_t rows = 0;

  Status place(const Session& session, const CompressedView& x) {
    const auto stored = static_cast<std::size_t>(x.nonzeros());
    rows = x.majors;
    BASCULE_ASSIGN(offsets, Values<std::int64_t>::copy(
                                session, {x.offsets, static_cast<std::size_t>(x.majors) + 1}));
    BASCULE_ASSIGN(indices, Values<std::int32_t>::copy(session, {x.indices, stored}));
    BASCULE_ASSIGN(values, Values<float>::copy(session, {x.values, stored}));
    return {};
  }
  [[nodiscard]] SparseMatrix matrix() const {
    return {offsets.data(), indices.data(), values.data()};
  }
};

struct Kernels {
  Launcher<FactorGramArguments> products, sums;
  Launcher<LeastSquaresArguments> solve;
};

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

class CudaAlternating final : public AlternatingFactors {
 public:
  CudaAlternating(const Session& session, Kernels kernels, const LeastSquares& problem)
      : session_(session), kernels_(std::move(kernels)), problem_(problem) {}

  Status place(const CompressedView& by_user, const CompressedView& by_item,
               const FactorMatrix& items) {
    const FactorView first = items.view();
    count_ = first.factors;
    stride_ = first.stride;
    BASCULE_TRY(session_.arena->require(alternating_bytes(by_user, count_)));
    BASCULE_TRY(by_user_.place(session_, by_user));
    BASCULE_TRY(by_item_.place(session_, by_item));
    BASCULE_ASSIGN(users_, Values<float>::make(session_, by_user.majors * stride_));
    BASCULE_ASSIGN(items_, Values<float>::copy(session_, items.values()));
    const std::int64_t pieces = pieces_of(std::max(by_user.majors, by_item.majors));
    BASCULE_ASSIGN(pieces_, Values<float>::make(session_, pieces * count_ * count_));
    BASCULE_ASSIGN(gram_, Values<float>::make(session_, count_ * count_));
    return session_.synchronize();
  }

  void solve_users(int steps) override { solve(by_user_, items_, by_item_.rows, users_, steps); }
  void solve_items(int steps) override { solve(by_item_, users_, by_user_.rows, items_, steps); }
  Status read_items(FactorMatrix& items) override {
    items_.read(session_, items.values());
    return session_.synchronize();
  }

 private:
  static std::int64_t pieces_of(std::int64_t rows) { return ceil_div(rows, kFactorsPerPiece); }

  void solve(const Observations& observed, const Values<float>& factors, std::int64_t rows,
             const Values<float>& out, int steps) const {
    FactorGramArguments g;
    g.factors = factors.data();
    g.pieces = pieces_.data();
    g.gram = gram_.data();
    g.rows = rows;
    g.stride = stride_;
    g.piece_rows = kFactorsPerPiece;
    g.count = static_cast<std::int32_t>(count_);
    g.tiles = static_cast<std::int32_t>(ceil_div(count_, kFactorTile));
    g.piece_count = static_cast<std::int32_t>(pieces_of(rows));
    kernels_.products(pieces_of(rows) * g.tiles * g.tiles, g);
    kernels_.sums(ceil_div(count_ * count_, kThreads), g);
    LeastSquaresArguments a;
    a.observed = observed.matrix();
    a.factors = factors.data();
    a.gram = gram_.data();
    a.out = out.data();
    a.rows = rows;
    a.stride = stride_;
    a.count = g.count;
    a.steps = steps;
    a.unobserved = problem_.unobserved;
    a.l2 = problem_.l2;
    a.exponent = problem_.exponent;
    kernels_.solve(observed.rows, a);
  }

  Session session_;
  Kernels kernels_;
  LeastSquares problem_;
  std::int64_t count_ = 0, stride_ = 0;
  Observations by_user_, by_item_;
  Values<float> users_, items_, pieces_, gram_;
};

}  // namespace

Result<std::unique_ptr<AlternatingFactors>> alternate(const Session& session,
                                                      const CompressedView& by_user,
                                                      const CompressedView& by_item,
                                                      const FactorMatrix& items,
                                                      const LeastSquares& problem) {
  if (items.view().factors > kMostFactors)
    return Error{Code::kUsage,
                 fmt::format("{} solves for at most {} factors, not {}", session.queue->name(),
                             kMostFactors, items.view().factors)};
  BASCULE_ASSIGN(auto products, session.kernels->find(ids::factor_products));
  BASCULE_ASSIGN(auto sums, session.kernels->find(ids::factor_sums));
  BASCULE_ASSIGN(auto solve, session.kernels->find(ids::least_squares));
  auto placed = std::make_unique<CudaAlternating>(
      session, Kernels{std::move(products), std::move(sums), std::move(solve)}, problem);
  BASCULE_TRY(placed->place(by_user, by_item, items));
  return std::unique_ptr<AlternatingFactors>(std::move(placed));
}

}  // namespace bascule::cuda
