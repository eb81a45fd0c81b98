#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <bascule/recsys/item_knn.h>

#include "recsys/recommend_rows.h"
#include "recsys/score_board.h"

namespace bascule {

struct ItemKnn::Scratch {
  explicit Scratch(std::int64_t items) : board(items) {}
  ScoreBoard board;
};

Result<NeighborIndex> ItemKnn::build_index(const CompressedView& interactions,
                                           const KnnOptions& options) {
  if (options.weighting.weighting == Weighting::kRaw)
    return NeighborIndex::build(interactions, PointAxis::kMinors, options.similarity);
  Compressed documents = flip(interactions);
  Weigher(documents.view(), options.weighting).weigh_all(documents);
  return NeighborIndex::build(documents.view(), PointAxis::kMajors, options.similarity);
}

Status ItemKnn::fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) {
  Stopwatch watch;
  BASCULE_ASSIGN(const NeighborIndex index, build_index(interactions.view(), options_));
  times.emplace_back("index", watch.restart());
  BASCULE_ASSIGN(fitted_, all_neighbors(index, options_.neighbors, pool));
  times.emplace_back("neighbors", watch.restart());
  turn_lists();
  times.emplace_back("targets", watch.restart());
  use_fitted();
  return {};
}

void ItemKnn::turn_lists() {
  const auto points = static_cast<std::size_t>(fitted_.points);
  std::vector<std::int64_t> next(points + 1, 0);
  for (const std::int32_t id : fitted_.ids) {
    if (id >= 0) ++next[static_cast<std::size_t>(id) + 1];
  }
  for (std::size_t i = 0; i < points; ++i) next[i + 1] += next[i];
  fitted_begin_ = next;
  fitted_targets_.resize(static_cast<std::size_t>(next.back()));
  fitted_weights_.resize(fitted_targets_.size());
  for (std::size_t slot = 0; slot < fitted_.ids.size(); ++slot) {
    if (fitted_.ids[slot] < 0) continue;
    const auto at = static_cast<std::size_t>(next[fitted_.ids[slot]]++);
    fitted_targets_[at] = static_cast<std::int32_t>(slot / static_cast<std::size_t>(fitted_.k));
    fitted_weights_[at] = fitted_.scores[slot];
  }
}

void ItemKnn::use_fitted() {
  loaded_.reset();
  items_ = fitted_.points;
  width_ = fitted_.k;
  ids_ = fitted_.ids;
  scores_ = fitted_.scores;
  target_begin_ = fitted_begin_;
  targets_ = fitted_targets_;
  target_weights_ = fitted_weights_;
}

void ItemKnn::recommend_into(SparseLine history, const RecommendOptions& options, Scratch& scratch,
                             std::vector<Recommendation>& out) const {
  for (std::size_t h = 0; h < history.size(); ++h) {
    const std::int32_t item = history.indices[h];
    for (std::int64_t p = target_begin_[item]; p < target_begin_[item + 1]; ++p) {
      // Mapped entries are checked where they are used: reading all of them would cost every start.
      const std::int32_t target = targets_[p];
      if (target >= 0 && target < items_)
        scratch.board.add(target, history.values[h] * target_weights_[p]);
    }
  }
  scratch.board.take_top(history, options, out);
}

std::vector<Recommendation> ItemKnn::recommend(SparseLine history,
                                               const RecommendOptions& options) const {
  Scratch scratch(items_);
  std::vector<Recommendation> out;
  recommend_into(history, options, scratch, out);
  return out;
}

TopLists ItemKnn::recommend_all(const CompressedView& histories, const RecommendOptions& options,
                                ThreadPool& pool) const {
  return recommend_rows(
      histories, options.k, pool, [&] { return Scratch(items_); },
      [&](SparseLine history, Scratch& scratch, std::vector<Recommendation>& out) {
        recommend_into(history, options, scratch, out);
      });
}

Result<std::vector<Recommendation>> ItemKnn::similar_items(std::int32_t item, std::int32_t k,
                                                           bool include_self) const {
  if (item < 0 || item >= items_)
    return Error{Code::kUsage, fmt::format("item index {} is not in the model", item)};
  const std::int32_t wanted = std::max(include_self ? k - 1 : k, 0);
  if (wanted > width_)
    return Error{Code::kUsage,
                 fmt::format("{} neighbours asked for, {} stored per item", wanted, width_)};
  std::vector<Recommendation> out;
  if (include_self && k > 0) out.push_back({item, 1.0F});
  const auto first = static_cast<std::size_t>(item) * width_;
  for (std::size_t slot = first; slot < first + wanted && ids_[slot] >= 0; ++slot) {
    if (ids_[slot] >= items_)
      return Error{Code::kBadData,
                   fmt::format("{}: neighbour {} of item {} does not exist",
                               loaded_ ? loaded_->path() : "model", ids_[slot], item)};
    out.push_back({ids_[slot], scores_[slot]});
  }
  return out;
}

void ItemKnn::save(SafetensorsWriter& writer) const {
  writer.add("neighbors.ids", Shape{items_, width_}, ids_);
  writer.add("neighbors.scores", Shape{items_, width_}, scores_);
  const auto entries = static_cast<std::int64_t>(targets_.size());
  writer.add("targets.offsets", Shape{items_ + 1}, target_begin_);
  writer.add("targets.ids", Shape{entries}, targets_);
  writer.add("targets.weights", Shape{entries}, target_weights_);
}

Status ItemKnn::load(std::shared_ptr<const SafetensorsFile> file) {
  BASCULE_ASSIGN(const auto ids, file->get<std::int32_t>("neighbors.ids", 2));
  BASCULE_ASSIGN(const auto scores, file->get<float>("neighbors.scores", 2));
  const Shape& shape = file->tensors().find("neighbors.ids")->second.shape;
  if (!(shape == file->tensors().find("neighbors.scores")->second.shape) ||
      shape[1] > std::numeric_limits<std::int32_t>::max())
    return {Code::kBadData,
            fmt::format("{}: neighbors.ids and neighbors.scores do not fit", file->path())};
  BASCULE_ASSIGN(const auto begin, file->get<std::int64_t>("targets.offsets"));
  BASCULE_ASSIGN(const auto targets, file->get<std::int32_t>("targets.ids"));
  BASCULE_ASSIGN(const auto weights, file->get<float>("targets.weights"));
  if (std::ssize(begin) != shape[0] + 1 || begin.front() != 0 ||
      begin.back() != std::ssize(targets) || targets.size() != weights.size() ||
      !std::is_sorted(begin.begin(), begin.end()))
    return {Code::kBadData, fmt::format("{}: targets do not fit neighbors", file->path())};
  items_ = shape[0];
  width_ = static_cast<std::int32_t>(shape[1]);
  ids_ = ids;
  scores_ = scores;
  target_begin_ = begin;
  targets_ = targets;
  target_weights_ = weights;
  loaded_ = std::move(file);
  return {};
}

}  // namespace bascule
