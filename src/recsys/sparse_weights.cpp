#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <bascule/recsys/sparse_weights.h>

#include "recsys/best_first.h"
#include "recsys/recommend_rows.h"
#include "recsys/score_board.h"

namespace bascule {
namespace {

void recommend_into(const CompressedView& weights, SparseLine history,
                    const RecommendOptions& options, ScoreBoard& board,
                    std::vector<Recommendation>& out) {
  for (std::size_t h = 0; h < history.size(); ++h) {
    const SparseLine row = weights.line(history.indices[h]);
    for (std::size_t p = 0; p < row.size(); ++p) {
      // Mapped entries are checked where they are used: reading all of them would cost every start.
      const std::int32_t target = row.indices[p];
      if (target >= 0 && target < weights.minors)
        board.add(target, history.values[h] * row.values[p]);
    }
  }
  board.take_top(history, options, out);
}

}  // namespace

void SparseWeightsRecommender::use_weights(Compressed weights) {
  loaded_.reset();
  fitted_ = std::move(weights);
  weights_ = fitted_.view();
}

std::vector<Recommendation> SparseWeightsRecommender::recommend(
    SparseLine history, const RecommendOptions& options) const {
  ScoreBoard board(items());
  std::vector<Recommendation> out;
  recommend_into(weights_, history, options, board, out);
  return out;
}

TopLists SparseWeightsRecommender::recommend_all(const CompressedView& histories,
                                                 const RecommendOptions& options,
                                                 ThreadPool& pool) const {
  return recommend_rows(
      histories, options.k, pool, [&] { return ScoreBoard(items()); },
      [&](SparseLine history, ScoreBoard& board, std::vector<Recommendation>& out) {
        recommend_into(weights_, history, options, board, out);
      });
}

Result<std::vector<Recommendation>> SparseWeightsRecommender::similar_items(
    std::int32_t item, const SimilarOptions& options) const {
  BASCULE_TRY(check_item(item));
  const SparseLine row = weights_.line(item);
  std::vector<Recommendation> out;
  for (std::size_t p = 0; p < row.size(); ++p) {
    if (row.indices[p] < 0 || row.indices[p] >= items())
      return Error{Code::kBadData, fmt::format("{}: a weight of item {} is for item {}",
                                               loaded_->path(), item, row.indices[p])};
    if (row.values[p] > 0 && options.filter.passes(row.indices[p]))
      out.push_back({row.indices[p], row.values[p]});
  }
  const bool with_self = options.include_self && options.k > 0 && options.filter.passes(item);
  keep_best_first(out, with_self ? options.k - 1 : options.k);
  if (with_self) out.insert(out.begin(), {item, 1.0F});
  return out;
}

void SparseWeightsRecommender::save(SafetensorsWriter& writer) const {
  const std::int64_t entries = weights_.nonzeros();
  const auto count = static_cast<std::size_t>(entries);
  const auto rows = static_cast<std::size_t>(items());
  writer.add("targets.offsets", Shape{items() + 1}, std::span(weights_.offsets, rows + 1));
  writer.add("targets.ids", Shape{entries}, std::span(weights_.indices, count));
  writer.add("targets.weights", Shape{entries}, std::span(weights_.values, count));
}

Status SparseWeightsRecommender::load(std::shared_ptr<const SafetensorsFile> file) {
  BASCULE_ASSIGN(const auto offsets, file->get<std::int64_t>("targets.offsets"));
  BASCULE_ASSIGN(const auto ids, file->get<std::int32_t>("targets.ids"));
  BASCULE_ASSIGN(const auto weights, file->get<float>("targets.weights"));
  if (offsets.empty() || std::ssize(offsets) > std::numeric_limits<std::int32_t>::max() ||
      offsets.front() != 0 || offsets.back() != std::ssize(ids) || ids.size() != weights.size() ||
      !std::is_sorted(offsets.begin(), offsets.end()))
    return {Code::kBadData,
            fmt::format("{}: targets.offsets, targets.ids and targets.weights do not fit",
                        file->path())};
  const std::int64_t items = std::ssize(offsets) - 1;
  weights_ = {items, items, offsets.data(), ids.data(), weights.data()};
  fitted_ = {};
  loaded_ = std::move(file);
  return {};
}

}  // namespace bascule
