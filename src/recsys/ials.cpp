#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <bascule/base/checked.h>
#include <bascule/base/random.h>
#include <bascule/devices/device.h>
#include <bascule/devices/sparse_product.h>
#include <bascule/recsys/ials.h>
#include <bascule/recsys/popularity.h>

namespace bascule {
namespace {

/// Of conjugate gradients: few where the next iteration goes on from there, many where a user's
/// factors begin at zero.
constexpr int kTrainingSteps = 3, kFoldInSteps = 16;
/// Of the first rows of factors: the root of their mean squared length.
constexpr double kFirstLength = 0.1;

void start(std::uint64_t seed, std::int64_t rows, std::int64_t factors, FactorMatrix& out) {
  const Philox random(seed);
  const double scale = kFirstLength / std::sqrt(static_cast<double>(factors));
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t k = 0; k < factors; ++k)
      out.row(i)[k] =
          static_cast<float>(scale * random.normal(static_cast<std::uint64_t>(i * factors + k)));
}

}  // namespace

/// What a block of users needs: their factors, also as the rows of a sparse matrix that has them
/// all.
struct Ials::Block : Scratch {
  explicit Block(const Ials& model) : solver(model.factors_, model.gram_, model.options_.problem) {}
  RowSolver solver;
  SparseProduct product;
  std::vector<float> factors, values, scores;
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

Status Ials::use_device(std::shared_ptr<Device> device) {
  std::shared_ptr<SolvesLeastSquares> solver =
      std::dynamic_pointer_cast<SolvesLeastSquares>(device);
  if (solver == nullptr) return Recommender::use_device(std::move(device));
  if (options_.factors > solver->most_factors())
    return {Code::kUsage,
            fmt::format("{} solves for at most {} factors, not {}", device->target().device,
                        solver->most_factors(), options_.factors)};
  device_ = std::move(solver);
  return {};
}

Result<std::int64_t> Ials::device_fit_bytes(const CompressedView& interactions) const {
  return device_ == nullptr ? 0 : alternating_bytes(interactions, options_.factors);
}

Status Ials::iterate(const CompressedView& by_user, const CompressedView& by_item,
                     FactorMatrix& items, ThreadPool& pool, StageTimes& times) const {
  Stopwatch watch;
  if (device_ != nullptr) {
    BASCULE_ASSIGN(const auto factors,
                   device_->alternate(by_user, by_item, items, options_.problem));
    times.emplace_back("transfer", watch.restart());
    for (std::int32_t i = 0; i < options_.iterations; ++i) {
      factors->solve_users(kTrainingSteps);
      factors->solve_items(kTrainingSteps);
    }
    BASCULE_TRY(factors->read_items(items));
  } else {
    BASCULE_ASSIGN(FactorMatrix users, FactorMatrix::make(by_user.majors, options_.factors));
    for (std::int32_t i = 0; i < options_.iterations; ++i) {
      solve_rows(by_user, items.view(), options_.problem, kTrainingSteps, users, pool);
      solve_rows(by_item, users.view(), options_.problem, kTrainingSteps, items, pool);
    }
  }
  times.emplace_back("factors", watch.seconds());
  return {};
}

Status Ials::fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) {
  Stopwatch watch;
  Ials fresh(options_);
  fresh.device_ = std::move(device_);
  *this = std::move(fresh);
  const CsrMatrix by_item = transpose(interactions);
  times.emplace_back("transpose", watch.restart());
  BASCULE_ASSIGN(FactorMatrix items, FactorMatrix::make(interactions.cols(), options_.factors));
  start(options_.seed, interactions.cols(), options_.factors, items);
  BASCULE_TRY(iterate(interactions.view(), by_item.view(), items, pool, times));
  fitted_ = std::move(items);
  factors_ = fitted_.view();
  gram_ = factor_gram(factors_, pool);
  item_users_ = count_item_users(interactions.view());
  transpose_items();
  return {};
}

void Ials::transpose_items() {
  columns_.resize(static_cast<std::size_t>(factors_.factors * factors_.rows));
  for (std::int64_t i = 0; i < factors_.rows; ++i)
    for (std::int64_t k = 0; k < factors_.factors; ++k)
      columns_[static_cast<std::size_t>(k * factors_.rows + i)] = factors_.row(i)[k];
}

std::unique_ptr<ScoringRecommender::Scratch> Ials::make_scratch() const {
  return std::make_unique<Block>(*this);
}

ScoringRecommender::ScoreRows Ials::score(const CompressedView& histories, std::int64_t first,
                                          std::int64_t last, Scratch& scratch) const {
  Block& block = static_cast<Block&>(scratch);
  const std::int64_t users = last - first, f = factors_.factors;
  block.factors.assign(static_cast<std::size_t>(users * factors_.stride), 0.0F);
  block.values.resize(static_cast<std::size_t>(users * f));
  block.indices.resize(block.values.size());
  block.offsets.resize(static_cast<std::size_t>(users) + 1);
  for (std::int64_t u = 0; u < users; ++u) {
    float* w = block.factors.data() + u * factors_.stride;
    block.solver.solve(histories.line(first + u), kFoldInSteps, w);
    std::copy_n(w, f, block.values.begin() + u * f);
    std::iota(block.indices.begin() + u * f, block.indices.begin() + (u + 1) * f, 0);
    block.offsets[static_cast<std::size_t>(u) + 1] = (u + 1) * f;
  }
  const CompressedView all{users, f, block.offsets.data(), block.indices.data(),
                           block.values.data()};
  block.scores.resize(static_cast<std::size_t>(users * items()));
  block.product.run(all, 0, users, {columns_.data(), factors_.rows, factors_.rows},
                    block.scores.data(), items());
  return {block.scores.data(), items()};
}

Result<std::vector<Recommendation>> Ials::similar_items(std::int32_t item,
                                                        const SimilarOptions& options) const {
  BASCULE_TRY(check_item(item));
  const auto product = [&](std::int64_t a, std::int64_t b) {
    const float *x = factors_.row(a), *y = factors_.row(b);
    return std::inner_product(x, x + factors_.factors, y, 0.0);
  };
  const double own = product(item, item);
  std::vector<float> scores(item_users_.size());
  for (std::int64_t j = 0; j < items(); ++j) {
    const double norms = std::sqrt(own * product(j, j));
    scores[static_cast<std::size_t>(j)] =
        norms > 0 ? static_cast<float>(product(item, j) / norms) : 0.0F;
  }
  return most_alike(item, options, std::move(scores));
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
