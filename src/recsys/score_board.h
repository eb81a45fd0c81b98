#pragma once
// Scores summed item by item with a list of the items touched: what kNN models and others of sparse
// weights recommend from.
#include <cstdint>
#include <vector>

#include <bascule/recsys/contract.h>

#include "recsys/best_first.h"

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

  /// The k best items with a score above zero that the options let pass, best first, ties to the
  /// lower index. The board is empty afterwards.
  void take_top(SparseLine history, const RecommendOptions& options,
                std::vector<Recommendation>& out) {
    if (options.exclude_history) {
      for (const std::int32_t item : history.indices) scores_[item] = 0;
    }
    for (const std::int32_t item : options.filter.deny) scores_[item] = 0;
    out.clear();
    const auto candidates = options.filter.allow.value_or(touched_);
    for (const std::int32_t item : candidates)
      if (scores_[item] > 0) out.push_back({item, scores_[item]});
    for (const std::int32_t item : touched_) {
      scores_[item] = 0;
      seen_[item] = 0;
    }
    touched_.clear();
    keep_best_first(out, options.k);
  }

 private:
  std::vector<float> scores_;
  std::vector<std::uint8_t> seen_;
  std::vector<std::int32_t> touched_;
};

}  // namespace bascule
