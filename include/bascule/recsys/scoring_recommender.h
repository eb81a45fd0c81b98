#pragma once
// What models that give every item a score have in common.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <bascule/recsys/contract.h>

namespace bascule {

/// What lists may have.
struct ListRules {
  std::int32_t k = 0;  ///< > 0
  bool exclude_history = true;
  std::span<const std::uint8_t> listed = {};  ///< by item, 0: not in any list; none: all may be
};

/// A model says how it scores; candidates and lists are the same for all: every item that somebody
/// has, whatever its score, is a candidate, for users who have an item that somebody has.
class ScoringRecommender : public Recommender {
 public:
  [[nodiscard]] std::int64_t items() const final { return std::ssize(item_users_); }
  [[nodiscard]] std::vector<Recommendation> recommend(SparseLine history,
                                                      const RecommendOptions& options) const final;
  [[nodiscard]] TopLists recommend_all(const CompressedView& histories,
                                       const RecommendOptions& options,
                                       ThreadPool& pool) const final;

 protected:
  /// score() is asked for no more users at a time: a row of weights is read once for them.
  static constexpr std::int64_t kUsersPerBlock = 480;
  /// Nor, but for a dozen users, for more scores: those of a million items take memory.
  static constexpr std::int64_t kScoresPerBlock = std::int64_t{1} << 26;
  /// Whether score() keeps all threads of the default pool busy by itself. Otherwise several blocks
  /// are scored at a time, each on one thread.
  [[nodiscard]] virtual bool scores_in_parallel() const { return false; }

  /// Working memory of one thread.
  struct Scratch {
    Scratch() = default;
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    virtual ~Scratch() = default;
  };
  [[nodiscard]] virtual std::unique_ptr<Scratch> make_scratch() const = 0;
  /// Rows of scores that the caller may write into.
  struct ScoreRows {
    float* data = nullptr;
    std::int64_t stride = 0;
  };
  /// Scores of all items for the users [first, last), a row each, in memory of `scratch` that is
  /// theirs until the next call. A row does not depend on who is beside it; on how many there
  /// are at most by the rounding of its sums.
  virtual ScoreRows score(const CompressedView& histories, std::int64_t first, std::int64_t last,
                          Scratch& scratch) const = 0;

  /// Whether search() is asked, not score(): a device has the scores and searches them itself.
  [[nodiscard]] virtual bool searches_scores() const { return false; }
  /// Puts the lists of the users [first, last), by the scores that score() would give, where they
  /// belong in `lists`, which is empty there, and stays so when the device fails.
  virtual void search(const CompressedView& /*histories*/, std::int64_t /*first*/,
                      std::int64_t /*last*/, const ListRules& /*rules*/, Scratch& /*scratch*/,
                      TopLists& /*lists*/) const {}

  /// For similar_items(): the best of `scores`, one for every item; the item itself, if wanted,
  /// comes first with score 1.
  [[nodiscard]] std::vector<Recommendation> most_alike(std::int32_t item,
                                                       const SimilarOptions& options,
                                                       std::vector<float> scores) const;

  std::vector<std::int64_t> item_users_;  ///< how many training users have each item

 private:
  /// score() is asked for so many at a time.
  [[nodiscard]] std::int64_t users_per_block() const;
  [[nodiscard]] TopLists search_all(const CompressedView& histories,
                                    const RecommendOptions& options) const;
};

}  // namespace bascule
