#pragma once
// The products of all items with each other, which several models are made of.
#include <cstdint>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/base/timer.h>
#include <bascule/devices/symmetric.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

/// XᵀX of users × items.
struct ItemGram {
  SymmetricMatrix matrix;                ///< the lower triangle; row i is that of items[i]
  std::vector<std::int32_t> items;       ///< the most popular first
  std::vector<std::int64_t> item_users;  ///< how many users have each item

  /// kFailed when the memory is not to be had.
  static Result<ItemGram> make(const CompressedView& interactions, ThreadPool& pool);
  [[nodiscard]] Result<ItemGram> copy(ThreadPool& pool) const;
};

/// A recommender that needs no more of the interactions than this, so that one Gram matrix serves
/// for any number of fits with other options.
class GramLearner {
 public:
  virtual ~GramLearner() = default;
  /// As fit() of the interactions, to the bit. Takes the matrix, in which the model is made.
  virtual Status fit_gram(ItemGram gram, ThreadPool& pool, StageTimes& times) = 0;
};

}  // namespace bascule
