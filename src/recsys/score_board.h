#pragma once
// Scores summed item by item with a list of the items touched: what both kNN models recommend from.
#include <algorithm>
#include <cstdint>
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

}  // namespace bascule
