#include "data/synthetic_rows.h"

#include <algorithm>
#include <cmath>

#include "data/activity.h"

namespace bascule {
namespace {

constexpr std::uint64_t kRowStream = 301, kRestStream = 302, kRestActivityStream = 303;
constexpr int kRowBits = 28;

/// Random words of a user's n-th row.
PhiloxBlock row_words(std::uint64_t seed, std::int64_t user, std::size_t n) {
  return Philox(seed, kRowStream).block((static_cast<std::uint64_t>(user) << kRowBits) + n);
}

std::uint32_t within(std::uint32_t word, std::uint32_t bound) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * bound) >> 32);
}

/// A time between the user's first day, which `user` alone decides, and the end.
std::uint32_t row_time(std::uint64_t seed, std::int64_t user, std::uint32_t word) {
  const std::uint32_t start_word = row_words(seed, user, (std::size_t{1} << kRowBits) - 1)[0];
  const std::uint32_t start = kFirstTime + within(start_word, (kLastTime - kFirstTime) / 10 * 9);
  return start + within(word, kLastTime - start);
}

class PlainRows final : public SyntheticRows {
 public:
  explicit PlainRows(const SyntheticOptions& options)
      : options_(options),
        model_(options.users, options.items, options.seed),
        pairs_(model_, {options.ratings, options.min_user_ratings, options.items, 1.2, 1, -1, 0,
                        options.seed}) {
    const auto count = std::llround((options.highest - options.lowest) / options.step) + 1;
    for (std::int64_t i = 0; i < count; ++i)
      levels_.push_back(options.lowest + static_cast<double>(i) * options.step);
  }

  [[nodiscard]] std::int64_t users() const override { return options_.users; }
  [[nodiscard]] std::int64_t items() const override { return options_.items; }
  [[nodiscard]] std::int64_t rows() const override { return options_.ratings; }
  [[nodiscard]] std::int64_t rows_of_user(std::int64_t user) const override {
    return pairs_.degree(user);
  }
  [[nodiscard]] const TasteModel& model() const override { return model_; }
  [[nodiscard]] std::vector<double> levels() const override { return levels_; }

  void get(std::int64_t user, ItemSet& scratch, std::vector<SyntheticRow>& rows) const override {
    rows.clear();
    const TasteModel::Taste taste = model_.taste(user);
    pairs_.items_of(user, taste, scratch);
    const auto top = static_cast<float>(levels_.size());
    for (std::size_t n = 0; n < scratch.items().size(); ++n) {
      const std::int32_t item = scratch.items()[n];
      const PhiloxBlock words = row_words(options_.seed, user, n);
      const float place = model_.liking(taste, item, words[0]) * top;
      rows.push_back({item, row_time(options_.seed, user, words[1]),
                      static_cast<std::uint8_t>(std::min(place, top - 1))});
    }
  }

 private:
  SyntheticOptions options_;
  TasteModel model_;
  PairGenerator pairs_;
  std::vector<double> levels_;
};

/// The rows that a preparation keeps are a plain set of their own. The others lie on a line of
/// slots, cut into users; where a slot stands decides its kind, so that every count is exact: half
/// of them on rare ISBNs (each at most twice, so that none of these survives), the rest zeros and
/// low ratings of kept ISBNs.
class FullRows final : public SyntheticRows {
 public:
  using Facts = FullBookCrossing;
  static constexpr std::int64_t kRest = Facts::kRows - Facts::kKeptRows;
  static constexpr std::int64_t kRareItems = Facts::kItems - Facts::kKeptItems;
  static constexpr std::int64_t kRareRows = kRest / 2;
  static constexpr std::int64_t kRareHigh = 156195;  ///< rows above 5 among the rare
  static constexpr std::int64_t kLow = 70403;        ///< rows 1 to 5; the others are 0
  // Two users of the real set own two thirds of all pairs of books with a common reader: 3,386 and
  // 1,517 of the 190,528 ratings that are known; here their share of all.
  static constexpr std::int64_t kHeaviest = 3680, kSecond = 1649;
  static constexpr std::int64_t kMostKept = 2000, kMostRest = 8000;

  explicit FullRows(const SyntheticOptions& options)
      : seed_(options.seed),
        model_(Facts::kKeptUsers, Facts::kKeptItems, options.seed),
        pairs_(model_, {Facts::kKeptRows,
                        1,
                        kMostKept,
                        1.5,
                        Facts::kKeptPerItem,
                        star_item(model_),
                        Facts::kStarRaters,
                        options.seed,
                        {kHeaviest, kSecond}}) {
    constexpr std::int64_t kOthers = Facts::kUsers - Facts::kKeptUsers;
    rest_ = spread_activity(
        Facts::kUsers, {kRest - kOthers, 0, kMostRest, 1.9, options.seed, kRestActivityStream});
    for (std::int64_t u = Facts::kKeptUsers; u < Facts::kUsers; ++u)
      ++rest_[static_cast<std::size_t>(u)];
    rest_begin_ = running_sums(rest_);
  }

  [[nodiscard]] std::int64_t users() const override { return Facts::kUsers; }
  [[nodiscard]] std::int64_t items() const override { return Facts::kItems; }
  [[nodiscard]] std::int64_t rows() const override { return Facts::kRows; }
  [[nodiscard]] std::int64_t rows_of_user(std::int64_t user) const override {
    return rest_[static_cast<std::size_t>(user)] +
           (user < Facts::kKeptUsers ? pairs_.degree(user) : 0);
  }
  [[nodiscard]] const TasteModel& model() const override { return model_; }
  [[nodiscard]] std::vector<double> levels() const override {
    return {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  }

  void get(std::int64_t user, ItemSet& scratch, std::vector<SyntheticRow>& rows) const override {
    rows.clear();
    const TasteModel::Taste taste = model_.taste(user % Facts::kKeptUsers);
    scratch.clear();
    if (user < Facts::kKeptUsers) {
      pairs_.items_of(user, taste, scratch);
      for (const std::int32_t item : scratch.items()) {
        const std::uint32_t word = row_words(seed_, user, rows.size())[0];
        const float place = model_.liking(taste, item, word) * 5;
        rows.push_back({item, kFirstTime, static_cast<std::uint8_t>(6 + std::min(place, 4.0F))});
      }
    }
    append_rest(user, taste, scratch, rows);
  }

 private:
  void append_rest(std::int64_t user, const TasteModel::Taste& taste, ItemSet& scratch,
                   std::vector<SyntheticRow>& rows) const {
    const std::int64_t begin = rest_begin_[static_cast<std::size_t>(user)];
    const std::int64_t end = rest_begin_[static_cast<std::size_t>(user) + 1];
    const std::int64_t rare = rare_before(end) - rare_before(begin);
    std::size_t next = scratch.items().size();
    pairs_.draw_more(user, taste, end - begin - rare, kRestStream, scratch);
    for (std::int64_t slot = begin; slot < end; ++slot) {
      const std::int64_t position = rare_before(slot);
      const bool is_rare = rare_before(slot + 1) > position;
      const std::int32_t item =
          is_rare ? static_cast<std::int32_t>(Facts::kKeptItems + position % kRareItems)
                  : scratch.items()[next++];
      const std::uint32_t word = row_words(seed_, user, rows.size())[0];
      rows.push_back({item, kFirstTime, rest_level(slot, word)});
    }
  }

  static std::int64_t rare_before(std::int64_t slot) {
    return picked_before(slot, kRareRows, kRest);
  }
  static std::int64_t high_before(std::int64_t slot) {
    return picked_before(rare_before(slot), kRareHigh, kRareRows);
  }
  static std::uint8_t rest_level(std::int64_t slot, std::uint32_t word) {
    const std::int64_t high = high_before(slot);
    if (high_before(slot + 1) > high) return static_cast<std::uint8_t>(6 + within(word, 5));
    const std::int64_t position = slot - high;
    constexpr std::int64_t kOf = kRest - kRareHigh;
    if (picked_before(position + 1, kLow, kOf) == picked_before(position, kLow, kOf)) return 0;
    // Shares of 1 to 5 in the real dump, in percent: fives are by far the most.
    const std::uint32_t percent = within(word, 100);
    return percent < 2 ? 1 : percent < 6 ? 2 : percent < 14 ? 3 : percent < 27 ? 4 : 5;
  }

  std::uint64_t seed_;
  TasteModel model_;
  PairGenerator pairs_;
  std::vector<std::int64_t> rest_, rest_begin_;
};

}  // namespace

std::int32_t star_item(const TasteModel& model) {
  const std::int64_t star = model.first_item(0) + TasteModel::kSeries;
  return star + TasteModel::kSeries <= model.first_item(1) ? static_cast<std::int32_t>(star) : -1;
}

std::unique_ptr<SyntheticRows> plain_rows(const SyntheticOptions& options) {
  return std::make_unique<PlainRows>(options);
}

std::unique_ptr<SyntheticRows> full_bookcrossing_rows(const SyntheticOptions& options) {
  return std::make_unique<FullRows>(options);
}

}  // namespace bascule
