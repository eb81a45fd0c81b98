#include <algorithm>
#include <mutex>
#include <utility>

#include <bascule/devices/device.h>
#include <bascule/recsys/interactions_io.h>
#include <bascule/recsys/user_knn.h>

#include "recsys/recommend_rows.h"
#include "recsys/score_board.h"

namespace bascule {
namespace {

/// The nearest users of so many are kept at once.
constexpr std::int64_t kUsersAtOnce = 4096;

/// What one neighbour after the other recommends.
void add_neighbors(std::span<const Neighbor> neighbors, const CompressedView& interactions,
                   ScoreBoard& board) {
  for (const Neighbor& neighbor : neighbors) {
    const SparseLine theirs = interactions.line(neighbor.id);
    for (std::size_t p = 0; p < theirs.size(); ++p)
      board.add(theirs.indices[p], neighbor.score * theirs.values[p]);
  }
}

}  // namespace

struct UserKnn::Scratch {
  Scratch(std::int64_t items, const NeighborIndex& index) : board(items), search(index) {}
  ScoreBoard board;
  NeighborScratch search;
  std::vector<float> weights;
};

/// The index there, which takes orders from one thread at a time.
struct UserKnn::OnDevice {
  std::unique_ptr<NeighborSearch> search;
  std::mutex turn;
  Status failed;  // the first failure
};

UserKnn::UserKnn(const KnnOptions& options) : options_(options) {}
UserKnn::~UserKnn() = default;

Status UserKnn::use_device(std::shared_ptr<Device> device) {
  device_ = std::move(device);
  return {};
}

Status UserKnn::device_status() const {
  if (on_device_ == nullptr) return {};
  const std::lock_guard lock(on_device_->turn);
  return on_device_->failed;
}

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
  Stopwatch watch;
  loaded_.reset();
  fitted_ = interactions;
  interactions_ = fitted_.view();
  BASCULE_TRY(index_interactions());
  times.emplace_back("index", watch.restart());
  if (device_ == nullptr) return {};
  BASCULE_TRY(place_index());
  times.emplace_back("transfer", watch.seconds());
  return {};
}

Status UserKnn::place_index() {
  on_device_.reset();
  auto placed = std::make_unique<OnDevice>();
  BASCULE_ASSIGN(placed->search, device_->place(*index_));
  on_device_ = std::move(placed);
  return {};
}

void UserKnn::recommend_into(SparseLine history, const RecommendOptions& options, Scratch& scratch,
                             std::vector<Recommendation>& out) const {
  scratch.weights.resize(history.size());
  weigher_.weigh(history, scratch.weights);
  add_neighbors(query(*index_, SparseLine{history.indices, scratch.weights}, options_.neighbors,
                      kExcludeNone, scratch.search),
                interactions_, scratch.board);
  scratch.board.take_top(history, options, out);
}

std::vector<std::vector<Neighbor>> UserKnn::near_on_device(
    std::span<const SparseLine> histories) const {
  std::size_t count = 0;
  for (const SparseLine& history : histories) count += history.size();
  std::vector<float> weights(count);
  std::vector<SparseLine> weighted;
  std::span<float> rest(weights);
  for (const SparseLine& history : histories) {
    const std::span<float> mine = rest.first(history.size());
    weigher_.weigh(history, mine);
    weighted.push_back({history.indices, mine});
    rest = rest.subspan(history.size());
  }
  const std::vector<std::int32_t> none(histories.size(), kExcludeNone);
  const std::lock_guard lock(on_device_->turn);
  auto found = on_device_->search->query_each(weighted, options_.neighbors, none);
  if (found.ok()) return std::move(found).value();
  if (on_device_->failed.ok()) on_device_->failed = found.error();  // device_status() tells
  return std::vector<std::vector<Neighbor>>(histories.size());
}

TopLists UserKnn::recommend_on_device(const CompressedView& histories,
                                      const RecommendOptions& options, ThreadPool& pool) const {
  TopLists lists{histories.majors, std::max(options.k, 0), {}, {}};
  for (std::int64_t first = 0; first < histories.majors; first += kUsersAtOnce) {
    std::vector<SparseLine> lines;
    for (std::int64_t user = first; user < std::min(first + kUsersAtOnce, histories.majors); ++user)
      lines.push_back(histories.line(user));
    const auto near = near_on_device(lines);
    const TopLists part = recommend_users(
        std::ssize(lines), options.k, pool, [&] { return ScoreBoard(items()); },
        [&](std::int64_t user, ScoreBoard& board, std::vector<Recommendation>& out) {
          add_neighbors(near[static_cast<std::size_t>(user)], interactions_, board);
          board.take_top(lines[static_cast<std::size_t>(user)], options, out);
        });
    lists.items.insert(lists.items.end(), part.items.begin(), part.items.end());
    lists.scores.insert(lists.scores.end(), part.scores.begin(), part.scores.end());
  }
  return lists;
}

std::vector<Recommendation> UserKnn::recommend(SparseLine history,
                                               const RecommendOptions& options) const {
  std::vector<Recommendation> out;
  if (on_device_ != nullptr) {
    ScoreBoard board(items());
    add_neighbors(near_on_device(std::span(&history, 1)).front(), interactions_, board);
    board.take_top(history, options, out);
    return out;
  }
  Scratch scratch(items(), *index_);
  recommend_into(history, options, scratch, out);
  return out;
}

TopLists UserKnn::recommend_all(const CompressedView& histories, const RecommendOptions& options,
                                ThreadPool& pool) const {
  if (on_device_ != nullptr) return recommend_on_device(histories, options, pool);
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
  BASCULE_TRY(index_interactions());
  return device_ == nullptr ? Status() : place_index();
}

}  // namespace bascule
