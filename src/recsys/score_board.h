#pragma once
// Scores summed item by item with a list of the items touched: what both kNN models recommend from.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <bascule/recsys/contract.h>

namespace bascule {

class ScoreBoard {
 public:
  explicit ScoreBoard(std::int64_t items)
      : scores_(static_cast<std::size_t>(items), 0.0F), seen_(static_cast<std::size_t>(items), 0) {}

  void add(std::int32_t item, float score) {
    if (seen_[item] == 0) {
      seen_[item] = 1;
      touched_.push_back(item);
    }
    scores_[item] += score;
  }

  /// The k best items with a score above zero, best first, ties to the lower index; items of
  /// `history` are left out when the options say so. The board is empty afterwards.
  void take_top(SparseLine history, const RecommendOptions& options,
                std::vector<Recommendation>& out) {
    if (options.exclude_history) {
      for (const std::int32_t item : history.indices) scores_[item] = 0;
    }
    out.clear();
    for (const std::int32_t item : touched_) {
      if (scores_[item] > 0) out.push_back({item, scores_[item]});
      scores_[item] = 0;
      seen_[item] = 0;
    }
    touched_.clear();
    const auto better = [](const Recommendation& a, const Recommendation& b) {
      return a.score != b.score ? a.score > b.score : a.item < b.item;
    };
    const std::ptrdiff_t k = std::max(options.k, 0);
    if (k < std::ssize(out)) {
      std::nth_element(out.begin(), out.begin() + k, out.end(), better);
      out.resize(static_cast<std::size_t>(k));
    }
    std::sort(out.begin(), out.end(), better);
  }

 private:
  std::vector<float> scores_;
  std::vector<std::uint8_t> seen_;
  std::vector<std::int32_t> touched_;
};

/// Answers every row of `histories` in parallel: `into(history, scratch, out)` serves one user,
/// `make()` builds the working memory of one thread.
template <class Make, class Into>
TopLists recommend_rows(const CompressedView& histories, std::int32_t k, ThreadPool& pool,
                        Make make, Into into) {
  using Scratch = decltype(make());
  constexpr std::int64_t kUsersPerChunk = 32;
  TopLists lists{histories.majors, k, {}, {}};
  const auto slots = static_cast<std::size_t>(histories.majors * k);
  lists.items.assign(slots, -1);
  lists.scores.assign(slots, 0.0F);
  std::vector<std::unique_ptr<Scratch>> scratches(static_cast<std::size_t>(pool.threads()));
  const Chunks chunks{histories.majors, kUsersPerChunk};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    auto& scratch = scratches[static_cast<std::size_t>(thread)];
    if (!scratch) scratch = std::make_unique<Scratch>(make());
    std::vector<Recommendation> out;
    for (std::int64_t user = chunks.begin(chunk); user < chunks.end(chunk); ++user) {
      into(histories.line(user), *scratch, out);
      for (std::size_t i = 0; i < out.size(); ++i) {
        lists.items[static_cast<std::size_t>(user * k) + i] = out[i].item;
        lists.scores[static_cast<std::size_t>(user * k) + i] = out[i].score;
      }
    }
  });
  return lists;
}

}  // namespace bascule
