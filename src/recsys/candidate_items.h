#pragma once
// The items that stand for all of a large catalogue in the softmax of one step.
#include <cstdint>
#include <vector>

#include <bascule/base/random_values.h>

#include "recsys/user_rows.h"

namespace bascule::detail {

struct CandidateOptions {
  std::int64_t negatives = 1;  ///< at least so many beside the items of the batch, if there are
  double exponent = 0.75;      ///< of an item's number of users, which is its weight; 0: all alike
  std::uint64_t seed = 1;
};

struct CandidateItems {
  std::vector<std::int32_t> items;  ///< ascending
  /// −log of the probability that an item is there: 0 of the items of the batch. Added to a logit,
  /// it makes Σ exp an unbiased estimate of that over all items.
  std::vector<float> log_weights;
  UserRows targets;  ///< the batch's, whose columns are places in `items`
};

/// Candidates are the items of the batch and, of all others, a priority sample (N. Duffield,
/// C. Lund, M. Thorup, "Priority sampling for estimation of arbitrary subset sums", J. ACM 2007):
/// without replacement, those with the greatest weight / u, u being uniform. An item with the
/// weight w is there with probability min(1, w / τ), where τ is the greatest w / u that is left
/// out. The samples are those of importance sampling (Y. Bengio, J.-S. Senécal, "Adaptive
/// importance sampling to accelerate training of a neural probabilistic language model", IEEE TNN
/// 2008; S. Jean et al., ACL 2015), with no item drawn twice: when there is room for all, nothing
/// is estimated.
class CandidateSampler {
 public:
  CandidateSampler(const CompressedView& train, const CandidateOptions& options);

  /// For the users' items `targets` in step `step`; the random number of an item is that of element
  /// `item`. There are candidates(n) of them, n being the items of the batch and `negatives`.
  void draw(std::uint64_t step, UserRows& targets, std::size_t users, CandidateItems& to);
  /// So many for `wanted` of them, as few different numbers as lose little: a program is made for
  /// each.
  [[nodiscard]] std::int64_t candidates(std::int64_t wanted) const;

 private:
  struct Priority {
    float value;
    std::int32_t item;
    /// Before others that are drawn after it.
    bool operator<(const Priority& other) const {
      return value != other.value ? value > other.value : item < other.item;
    }
  };

  void add_items_of(UserRows& targets, std::size_t users, std::vector<std::int32_t>& items);
  /// Draws so many others; the τ of the sample, 0 if there are no more.
  float add_sample(std::uint64_t step, std::int64_t count, std::vector<std::int32_t>& items);

  std::int64_t items_, negatives_;
  RandomValues random_;
  std::vector<float> weights_;
  std::vector<std::int32_t> place_;  // of an item among the candidates, else −1
  std::vector<Priority> priorities_;
};

}  // namespace bascule::detail
