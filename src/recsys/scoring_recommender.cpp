#include <algorithm>

#include <bascule/recsys/scoring_recommender.h>

#include "recsys/best_first.h"
#include "recsys/dense_top.h"
#include "recsys/recommend_rows.h"

namespace bascule {
namespace {

/// Whose rows one thread scores, so that they stay in the third cache until they are searched.
constexpr std::int64_t kUsersPerChunk = 128;
/// Whose rows one thread searches, where all have been scored.
constexpr std::int64_t kUsersPerTask = 16;

void leave_out(std::span<const std::int32_t> items, std::span<float> scores) {
  for (const std::int32_t item : items) scores[static_cast<std::size_t>(item)] = kNoCandidate;
}

bool has(std::span<const std::int32_t> ascending, std::int32_t item) {
  return std::binary_search(ascending.begin(), ascending.end(), item);
}

/// The items that somebody has.
class Candidates {
 public:
  explicit Candidates(std::span<const std::int64_t> item_users) : item_users_(item_users) {
    const auto nobodys = [](std::int64_t users) { return users == 0; };
    if (std::none_of(item_users.begin(), item_users.end(), nobodys)) return;
    for (const std::int64_t users : item_users)
      ceiling_.push_back(nobodys(users) ? kNoCandidate : -kNoCandidate);
  }

  [[nodiscard]] std::span<const float> ceiling() const { return ceiling_; }
  /// Those that the filter lets pass are 1, none where all do.
  [[nodiscard]] std::vector<std::uint8_t> listed(const ItemFilter& filter) const {
    std::vector<std::uint8_t> flags;
    if (filter.passes_all() && ceiling_.empty()) return flags;
    for (std::size_t i = 0; i < item_users_.size(); ++i) {
      const bool passes = item_users_[i] > 0 && filter.passes(static_cast<std::int32_t>(i));
      flags.push_back(passes ? 1 : 0);
    }
    return flags;
  }
  /// Whether a user has any of them: others have no list.
  [[nodiscard]] bool has_one(SparseLine history) const {
    return std::any_of(history.indices.begin(), history.indices.end(),
                       [&](auto item) { return item_users_[static_cast<std::size_t>(item)] > 0; });
  }
  /// The best of a user's scores; none for a user who has no candidate.
  void take(SparseLine history, const RecommendOptions& options, std::span<float> scores,
            TopSearch& search, std::vector<Recommendation>& out) const {
    out.clear();
    if (!has_one(history)) return;
    if (options.filter.allow) {
      take_allowed(history, options, scores, out);
      return;
    }
    leave_out(options.filter.deny, scores);
    if (options.exclude_history) leave_out(history.indices, scores);
    search.take(scores, ceiling_, options.k, out);
  }

 private:
  /// The same, looking at the scores of the items that are allowed alone.
  void take_allowed(SparseLine history, const RecommendOptions& options,
                    std::span<const float> scores, std::vector<Recommendation>& out) const {
    for (const std::int32_t item : *options.filter.allow) {
      const float score = scores[static_cast<std::size_t>(item)];
      const bool left_out = options.exclude_history && has(history.indices, item);
      if (item_users_[static_cast<std::size_t>(item)] == 0 || left_out) continue;
      if (score > kNoCandidate && !has(options.filter.deny, item)) out.push_back({item, score});
    }
    keep_best_first(out, options.k);
  }

  std::span<const std::int64_t> item_users_;
  std::vector<float> ceiling_;  // empty where all are candidates
};

}  // namespace

std::vector<Recommendation> ScoringRecommender::recommend(SparseLine history,
                                                          const RecommendOptions& options) const {
  const std::int64_t offsets[2] = {0, std::ssize(history.indices)};
  const CompressedView one{1, items(), offsets, history.indices.data(), history.values.data()};
  if (searches_scores()) return list_of(search_all(one, options), 0);
  const std::unique_ptr<Scratch> scratch = make_scratch();
  const ScoreRows rows = score(one, 0, 1, *scratch);
  TopSearch search;
  std::vector<Recommendation> out;
  Candidates(item_users_).take(history, options, {rows.data, item_users_.size()}, search, out);
  return out;
}

TopLists ScoringRecommender::search_all(const CompressedView& histories,
                                        const RecommendOptions& options) const {
  TopLists lists = empty_lists(histories.majors, options.k);
  if (lists.k == 0) return lists;
  const Candidates candidates(item_users_);
  const std::vector<std::uint8_t> listed = candidates.listed(options.filter);
  const ListRules rules{lists.k, options.exclude_history, listed};
  const std::unique_ptr<Scratch> scratch = make_scratch();
  const Chunks blocks{histories.majors, users_per_block()};
  for (std::int64_t block = 0; block < blocks.chunks(); ++block) {
    const std::int64_t first = blocks.begin(block), last = blocks.end(block);
    search(histories, first, last, rules, *scratch, lists);
    for (std::int64_t user = first; user < last; ++user) {
      if (candidates.has_one(histories.line(user))) continue;
      std::fill_n(lists.items.begin() + user * lists.k, lists.k, -1);
      std::fill_n(lists.scores.begin() + user * lists.k, lists.k, 0.0F);
    }
  }
  return lists;
}

std::int64_t ScoringRecommender::users_per_block() const {
  constexpr std::int64_t kDozen = 12;
  const std::int64_t dozens = kScoresPerBlock / (kDozen * std::max<std::int64_t>(items(), 1));
  return std::clamp(kDozen * dozens, kDozen, kUsersPerBlock);
}

TopLists ScoringRecommender::recommend_all(const CompressedView& histories,
                                           const RecommendOptions& options,
                                           ThreadPool& pool) const {
  if (searches_scores()) return search_all(histories, options);
  const Candidates candidates(item_users_);
  TopLists lists = empty_lists(histories.majors, options.k);
  // Users [begin, end), whose rows begin with that of `first`.
  const auto take = [&](const ScoreRows& rows, std::int64_t first, std::int64_t begin,
                        std::int64_t end) {
    TopSearch search;
    std::vector<Recommendation> list;
    for (std::int64_t user = begin; user < end; ++user) {
      const std::span<float> row(rows.data + (user - first) * rows.stride, item_users_.size());
      candidates.take(histories.line(user), options, row, search, list);
      put_list(list, user, lists);
    }
  };
  if (scores_in_parallel()) {
    const std::unique_ptr<Scratch> scratch = make_scratch();
    const Chunks blocks{histories.majors, users_per_block()};
    for (std::int64_t block = 0; block < blocks.chunks(); ++block) {
      const std::int64_t first = blocks.begin(block), users = blocks.end(block) - first;
      const ScoreRows rows = score(histories, first, first + users, *scratch);
      const Chunks chunks{users, kUsersPerTask};
      pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
        take(rows, first, first + chunks.begin(chunk), first + chunks.end(chunk));
      });
    }
    return lists;
  }
  std::vector<std::unique_ptr<Scratch>> scratches(static_cast<std::size_t>(pool.threads()));
  const Chunks chunks{histories.majors, kUsersPerChunk};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    auto& scratch = scratches[static_cast<std::size_t>(thread)];
    if (!scratch) scratch = make_scratch();
    const std::int64_t first = chunks.begin(chunk), last = chunks.end(chunk);
    take(score(histories, first, last, *scratch), first, first, last);
  });
  return lists;
}

std::vector<Recommendation> ScoringRecommender::most_alike(std::int32_t item,
                                                           const SimilarOptions& options,
                                                           std::vector<float> scores) const {
  const ItemFilter& filter = options.filter;
  leave_out(filter.deny, scores);
  scores[static_cast<std::size_t>(item)] = kNoCandidate;
  if (filter.allow) {
    std::vector<float> allowed(scores.size(), kNoCandidate);
    for (const std::int32_t j : *filter.allow)
      allowed[static_cast<std::size_t>(j)] = scores[static_cast<std::size_t>(j)];
    scores = std::move(allowed);
  }
  const bool with_self = options.include_self && options.k > 0 && filter.passes(item);
  std::vector<Recommendation> out;
  TopSearch().take(scores, Candidates(item_users_).ceiling(), with_self ? options.k - 1 : options.k,
                   out);
  if (with_self) out.insert(out.begin(), {item, 1.0F});
  return out;
}

}  // namespace bascule
