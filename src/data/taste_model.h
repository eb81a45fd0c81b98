#pragma once
// The latent structure behind synthetic ratings.
//
// Users and items are numbered inside: items by taste group, within a group by popularity; users by
// the group they like best. A group's items form series of kSeries neighbours in popularity (books
// of one saga), and every kNiches-th series belongs to one niche. A user draws mostly from the own
// group, there mostly from the own niche, sometimes the series of an item drawn before, and else
// from other groups. Within a group popularity falls as 1 / (rank + kFlat).
#include <cstdint>
#include <vector>

#include <bascule/base/random.h>

namespace bascule {

class TasteModel {
 public:
  static constexpr std::int32_t kSeries = 5, kNiches = 4, kMaxGroups = 16;
  static constexpr double kFlat = 3.0;

  TasteModel(std::int64_t users, std::int64_t items, std::uint64_t seed);

  [[nodiscard]] std::int32_t groups() const {
    return static_cast<std::int32_t>(item_ends_.size()) - 1;
  }
  [[nodiscard]] std::int32_t items() const { return static_cast<std::int32_t>(item_ends_.back()); }
  [[nodiscard]] std::int64_t users() const { return user_ends_.back(); }
  [[nodiscard]] std::int32_t group_of_item(std::int64_t item) const;
  [[nodiscard]] std::int32_t group_of_user(std::int64_t user) const;
  /// First item of a group, or items() for groups().
  [[nodiscard]] std::int64_t first_item(std::int32_t group) const {
    return item_ends_[static_cast<std::size_t>(group)];
  }

  /// What a user likes.
  struct Taste {
    std::int32_t group = 0, second_group = 0, niche = 0;
    float bias = 0;
  };
  [[nodiscard]] Taste taste(std::int64_t user) const;

  /// An item for a user of this taste by the random words of `block`; `previous` is an item drawn
  /// before, or -1.
  [[nodiscard]] std::int32_t draw(const Taste& taste, const PhiloxBlock& block,
                                  std::int32_t previous) const;

  /// How much the user likes the item, in [0, 1]; `noise` is a random word.
  [[nodiscard]] float liking(const Taste& taste, std::int32_t item, std::uint32_t noise) const;

 private:
  void build_alias(std::int64_t begin, std::int64_t end);
  [[nodiscard]] std::int32_t draw_group(std::uint32_t word) const;
  [[nodiscard]] std::int32_t draw_in_group(std::int32_t group, std::uint32_t word) const;
  [[nodiscard]] std::int32_t move_to_niche(std::int32_t item, std::int32_t group,
                                           std::int32_t niche) const;

  Philox user_random_;
  std::vector<std::int64_t> item_ends_, user_ends_;  // groups + 1 boundaries, from 0
  std::vector<std::uint32_t> keep_;  // alias method: keep the column when the word is below
  std::vector<std::int32_t> alias_, item_group_;
  std::vector<float> item_bias_;
};

}  // namespace bascule
