#include <bascule/recsys/interactions_io.h>
#include <bascule/recsys/user_knn.h>

#include "recsys/recommend_rows.h"
#include "recsys/score_board.h"

namespace bascule {

struct UserKnn::Scratch {
  Scratch(std::int64_t items, const NeighborIndex& index) : board(items), search(index) {}
  ScoreBoard board;
  NeighborScratch search;
  std::vector<float> weights;
};

Status UserKnn::index_interactions() {
  weigher_ = Weigher(interactions_, options_.weighting);
  if (options_.weighting.weighting == Weighting::kRaw) {
    BASCULE_ASSIGN(index_,
                   NeighborIndex::build(interactions_, PointAxis::kMajors, options_.similarity));
    return {};
  }
  Compressed weighted = copy(interactions_);
  weigher_.weigh_all(weighted);
  BASCULE_ASSIGN(index_,
                 NeighborIndex::build(weighted.view(), PointAxis::kMajors, options_.similarity));
  return {};
}

Status UserKnn::fit(const CsrMatrix& interactions, ThreadPool& /*pool*/, StageTimes& times) {
  const Stopwatch watch;
  loaded_.reset();
  fitted_ = interactions;
  interactions_ = fitted_.view();
  BASCULE_TRY(index_interactions());
  times.emplace_back("index", watch.seconds());
  return {};
}

void UserKnn::recommend_into(SparseLine history, const RecommendOptions& options, Scratch& scratch,
                             std::vector<Recommendation>& out) const {
  scratch.weights.resize(history.size());
  weigher_.weigh(history, scratch.weights);
  for (const Neighbor& neighbor : query(*index_, SparseLine{history.indices, scratch.weights},
                                        options_.neighbors, kExcludeNone, scratch.search)) {
    const SparseLine theirs = interactions_.line(neighbor.id);
    for (std::size_t p = 0; p < theirs.size(); ++p)
      scratch.board.add(theirs.indices[p], neighbor.score * theirs.values[p]);
  }
  scratch.board.take_top(history, options, out);
}

std::vector<Recommendation> UserKnn::recommend(SparseLine history,
                                               const RecommendOptions& options) const {
  Scratch scratch(items(), *index_);
  std::vector<Recommendation> out;
  recommend_into(history, options, scratch, out);
  return out;
}

TopLists UserKnn::recommend_all(const CompressedView& histories, const RecommendOptions& options,
                                ThreadPool& pool) const {
  return recommend_rows(
      histories, options.k, pool, [&] { return Scratch(items(), *index_); },
      [&](SparseLine history, Scratch& scratch, std::vector<Recommendation>& out) {
        recommend_into(history, options, scratch, out);
      });
}

void UserKnn::save(SafetensorsWriter& /*writer*/) const {}  // the interactions are the model

Status UserKnn::load(std::shared_ptr<const SafetensorsFile> file) {
  BASCULE_ASSIGN(const StoredInteractions stored, load_interactions(*file));
  interactions_ = stored.matrix;
  fitted_ = {};
  loaded_ = std::move(file);
  return index_interactions();
}

}  // namespace bascule
