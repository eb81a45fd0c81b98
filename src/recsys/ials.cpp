#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/base/random.h>
#include <bascule/devices/sparse_product.h>
#include <bascule/recsys/ials.h>
#include <bascule/recsys/popularity.h>

#include "recsys/dense_top.h"
#include "recsys/recommend_rows.h"

namespace bascule {
namespace {

/// Of conjugate gradients: few where the next iteration goes on from there, many where a user's
/// factors begin at zero.
constexpr int kTrainingSteps = 3, kFoldInSteps = 16;
/// Standard deviation of the first scores.
constexpr double kFirstScale = 0.1;

/// Normal numbers, of which the products of two rows have the standard deviation kFirstScale².
void start(std::uint64_t seed, std::int64_t rows, std::int64_t factors, FactorMatrix& out) {
  const Philox random(seed);
  const double scale = kFirstScale / std::sqrt(static_cast<double>(factors));
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t k = 0; k < factors; ++k) {
      const auto at = 2 * static_cast<std::uint64_t>(i * factors + k);
      const double radius = std::sqrt(-2 * std::log(1 - random.uniform(at)));
      constexpr double kTurn = 6.283185307179586;
      out.row(i)[k] = static_cast<float>(scale * radius * std::cos(kTurn * random.uniform(at + 1)));
    }
  }
}

}  // namespace

/// What a block of users needs: their factors, also as the rows of a sparse matrix that has them
/// all.
struct Ials::Scratch {
  explicit Scratch(const Ials& model)
      : solver(model.factors_, model.gram_, model.options_.problem) {}
  RowSolver solver;
  SparseProduct product;
  std::vector<float> factors, values;
  std::vector<std::int32_t> indices;
  std::vector<std::int64_t> offsets;
};

std::int64_t Ials::fit_bytes(const CompressedView& interactions) const {
  const std::int64_t rows = interactions.majors + 2 * interactions.minors;
  const auto floats = checked_mul(rows, FactorMatrix::stride_for(options_.factors));
  const auto bytes = floats ? checked_mul(*floats, sizeof(float)) : floats;
  constexpr std::int64_t kPerInteraction = 16;
  if (!bytes) return std::numeric_limits<std::int64_t>::max();
  return *bytes + kPerInteraction * interactions.nonzeros();
}

Status Ials::fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) {
  Stopwatch watch;
  *this = Ials(options_);
  const CsrMatrix by_item = transpose(interactions);
  times.emplace_back("transpose", watch.restart());
  BASCULE_ASSIGN(FactorMatrix users, FactorMatrix::make(interactions.rows(), options_.factors));
  BASCULE_ASSIGN(FactorMatrix items, FactorMatrix::make(interactions.cols(), options_.factors));
  start(options_.seed, interactions.cols(), options_.factors, items);
  for (std::int32_t i = 0; i < options_.iterations; ++i) {
    solve_rows(interactions.view(), items.view(), options_.problem, kTrainingSteps, users, pool);
    solve_rows(by_item.view(), users.view(), options_.problem, kTrainingSteps, items, pool);
  }
  fitted_ = std::move(items);
  factors_ = fitted_.view();
  gram_ = factor_gram(factors_, pool);
  item_users_ = count_item_users(interactions.view());
  transpose_items();
  times.emplace_back("factors", watch.restart());
  return {};
}

void Ials::transpose_items() {
  columns_.resize(static_cast<std::size_t>(factors_.factors * factors_.rows));
  for (std::int64_t i = 0; i < factors_.rows; ++i)
    for (std::int64_t k = 0; k < factors_.factors; ++k)
      columns_[static_cast<std::size_t>(k * factors_.rows + i)] = factors_.row(i)[k];
}

void Ials::score(const CompressedView& histories, std::int64_t first, std::int64_t last,
                 Scratch& scratch, float* scores, std::int64_t stride) const {
  const std::int64_t users = last - first, f = factors_.factors;
  scratch.factors.assign(static_cast<std::size_t>(users * factors_.stride), 0.0F);
  scratch.values.resize(static_cast<std::size_t>(users * f));
  scratch.indices.resize(scratch.values.size());
  scratch.offsets.resize(static_cast<std::size_t>(users) + 1);
  for (std::int64_t u = 0; u < users; ++u) {
    float* w = scratch.factors.data() + u * factors_.stride;
    scratch.solver.solve(histories.line(first + u), kFoldInSteps, w);
    std::copy_n(w, f, scratch.values.begin() + u * f);
    std::iota(scratch.indices.begin() + u * f, scratch.indices.begin() + (u + 1) * f, 0);
    scratch.offsets[static_cast<std::size_t>(u) + 1] = (u + 1) * f;
  }
  const CompressedView all{users, f, scratch.offsets.data(), scratch.indices.data(),
                           scratch.values.data()};
  scratch.product.run(all, 0, users, {columns_.data(), factors_.rows, factors_.rows}, scores,
                      stride);
}

std::vector<Recommendation> Ials::recommend(SparseLine history,
                                            const RecommendOptions& options) const {
  const std::int64_t offsets[2] = {0, std::ssize(history.indices)};
  const CompressedView one{1, items(), offsets, history.indices.data(), history.values.data()};
  std::vector<float> scores(item_users_.size());
  Scratch scratch(*this);
  score(one, 0, 1, scratch, scores.data(), items());
  std::vector<Recommendation> out;
  take_candidates(item_users_, history, options, scores, out);
  return out;
}

TopLists Ials::recommend_all(const CompressedView& histories, const RecommendOptions& options,
                             ThreadPool& pool) const {
  return recommend_blocks(
      histories, options.k, items(), pool, [&] { return Scratch(*this); },
      [&](std::int64_t first, std::int64_t last, Scratch& scratch, float* scores,
          std::int64_t stride) { score(histories, first, last, scratch, scores, stride); },
      [&](SparseLine history, std::span<float> scores, std::vector<Recommendation>& out) {
        take_candidates(item_users_, history, options, scores, out);
      });
}

Result<std::vector<Recommendation>> Ials::similar_items(std::int32_t item, std::int32_t k,
                                                        bool include_self) const {
  if (item < 0 || item >= items())
    return Error{Code::kUsage, fmt::format("item index {} is not in the model", item)};
  const auto product = [&](std::int64_t a, std::int64_t b) {
    const float *x = factors_.row(a), *y = factors_.row(b);
    return std::inner_product(x, x + factors_.factors, y, 0.0);
  };
  const double own = product(item, item);
  std::vector<float> scores(item_users_.size(), kNoCandidate);
  for (std::int64_t j = 0; j < items(); ++j) {
    if (j == item || item_users_[static_cast<std::size_t>(j)] == 0) continue;
    const double norms = std::sqrt(own * product(j, j));
    scores[static_cast<std::size_t>(j)] =
        norms > 0 ? static_cast<float>(product(item, j) / norms) : 0.0F;
  }
  std::vector<Recommendation> out;
  take_top(scores, include_self ? k - 1 : k, out);
  if (include_self && k > 0) out.insert(out.begin(), {item, 1.0F});
  return out;
}

void Ials::save(SafetensorsWriter& writer) const {
  writer.add("ials.items", Shape{items(), factors_.stride},
             std::span<const float>(factors_.data,
                                    static_cast<std::size_t>(factors_.rows * factors_.stride)));
  writer.add("ials.gram", Shape{factors_.factors, factors_.stride}, std::span<const float>(gram_));
  writer.add("item_users", Shape{items()}, std::span(item_users_));
}

Status Ials::load(std::shared_ptr<const SafetensorsFile> file) {
  BASCULE_ASSIGN(const auto factors, file->get<float>("ials.items", 2));
  BASCULE_ASSIGN(const auto gram, file->get<float>("ials.gram", 2));
  BASCULE_ASSIGN(const auto counts, file->get<std::int64_t>("item_users"));
  const Shape& shape = file->tensors().find("ials.items")->second.shape;
  const Shape& square = file->tensors().find("ials.gram")->second.shape;
  if (shape[0] != std::ssize(counts) || shape[1] != square[1] ||
      shape[1] != FactorMatrix::stride_for(square[0]))
    return {Code::kBadData,
            fmt::format("{}: ials.items, ials.gram and item_users do not fit", file->path())};
  item_users_.assign(counts.begin(), counts.end());
  fitted_ = {};
  factors_ = {factors.data(), shape[0], square[0], shape[1]};
  gram_.assign(gram.begin(), gram.end());
  loaded_ = std::move(file);
  transpose_items();
  return {};
}

}  // namespace bascule
