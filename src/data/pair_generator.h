#pragma once
// Which items each synthetic user rates: exact numbers of pairs, users and items, all pairs
// distinct.
#include <cstdint>
#include <vector>

#include <bascule/base/random.h>

#include "data/taste_model.h"

namespace bascule {

struct PairOptions {
  std::int64_t ratings = 0;
  std::int64_t least_per_user = 1, most_per_user = 1;
  double spread = 1.2;  ///< of activity, see ActivityOptions
  /// Every item gets so many raters, provided there are enough ratings; more than 1 needs
  /// most_per_user * least_per_item * items / ratings below the size of the smallest taste group.
  std::int64_t least_per_item = 1;
  std::int32_t star = -1;  ///< an item with an exact number of raters, or -1
  std::int64_t star_raters = 0;
  std::uint64_t seed = 1;
  /// See ActivityOptions. These users are in the first, largest taste group, to which the bound of
  /// least_per_item then applies.
  std::vector<std::int64_t> outliers = {};
};

/// Distinct items of one user, with marks that make membership one load. One per thread.
class ItemSet {
 public:
  explicit ItemSet(std::int32_t items) : marks_(static_cast<std::size_t>(items), 0) {}
  void clear();
  /// False when the item is in the set already.
  bool add(std::int32_t item);
  [[nodiscard]] const std::vector<std::int32_t>& items() const { return items_; }

 private:
  std::vector<std::uint32_t> marks_;
  std::uint32_t epoch_ = 1;
  std::vector<std::int32_t> items_;
};

class PairGenerator {
 public:
  PairGenerator(const TasteModel& model, const PairOptions& options);

  [[nodiscard]] std::int64_t degree(std::int64_t user) const {
    return degree_[static_cast<std::size_t>(user)];
  }
  /// Sets `set` to the items of `user`, degree(user) of them.
  void items_of(std::int64_t user, const TasteModel::Taste& taste, ItemSet& set) const;
  /// Adds `count` more items by taste, never the star. `stream` separates independent uses; `set`
  /// must leave room for them.
  void draw_more(std::int64_t user, const TasteModel::Taste& taste, std::int64_t count,
                 std::uint64_t stream, ItemSet& set) const;

 private:
  [[nodiscard]] std::int32_t assigned_item(std::int64_t position) const;
  [[nodiscard]] std::int64_t assigned_before(std::int64_t user) const;
  void choose_star_raters();
  void draw_sequels(std::int64_t user, const TasteModel::Taste& taste, ItemSet& set) const;

  const TasteModel& model_;
  PairOptions options_;
  std::int64_t assigned_ = 0;  ///< pairs that are set beforehand so that every item has raters
  std::vector<std::int64_t> degree_, offset_;
  std::vector<bool> rates_star_;
};

}  // namespace bascule
