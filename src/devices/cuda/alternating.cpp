#include "devices/cuda/alternating.h"

#include <fmt/format.h>

#include "devices/cuda/compressed_values.h"

namespace bascule::cuda {
namespace {

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
    BASCULE_ASSIGN(by_user_, CompressedValues::copy(session_, by_user));
    BASCULE_ASSIGN(by_item_, CompressedValues::copy(session_, by_item));
    users_count_ = by_user.majors;
    items_count_ = by_item.majors;
    BASCULE_ASSIGN(users_, Values<float>::make(session_, by_user.majors * stride_));
    BASCULE_ASSIGN(items_, Values<float>::copy(session_, items.values()));
    const std::int64_t pieces = pieces_of(std::max(by_user.majors, by_item.majors));
    BASCULE_ASSIGN(pieces_, Values<float>::make(session_, pieces * count_ * count_));
    BASCULE_ASSIGN(gram_, Values<float>::make(session_, count_ * count_));
    return session_.synchronize();
  }

  void solve_users(int steps) override {
    solve(by_user_, users_count_, items_, items_count_, users_, steps);
  }
  void solve_items(int steps) override {
    solve(by_item_, items_count_, users_, users_count_, items_, steps);
  }
  Status read_items(FactorMatrix& items) override {
    items_.read(session_, items.values());
    return session_.synchronize();
  }

 private:
  static std::int64_t pieces_of(std::int64_t rows) { return ceil_div(rows, kFactorsPerPiece); }

  /// `count` rows of `out` by `rows` rows of factors.
  void solve(const CompressedValues& observed, std::int64_t count, const Values<float>& factors,
             std::int64_t rows, const Values<float>& out, int steps) const {
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
    kernels_.solve(count, a);
  }

  Session session_;
  Kernels kernels_;
  LeastSquares problem_;
  std::int64_t count_ = 0, stride_ = 0;
  std::int64_t users_count_ = 0, items_count_ = 0;
  CompressedValues by_user_, by_item_;
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
