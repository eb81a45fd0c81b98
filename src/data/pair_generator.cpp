#include "data/pair_generator.h"

#include <algorithm>
#include <utility>

#include "data/activity.h"

namespace bascule {
namespace {

constexpr std::uint64_t kActivityStream = 201, kDrawStream = 202, kStarStream = 203,
                        kSequelStream = 204;
constexpr std::uint64_t kSequelDraws = 3;
constexpr int kAttemptBits = 28;

}  // namespace

void ItemSet::clear() {
  items_.clear();
  if (++epoch_ == 0) {
    std::fill(marks_.begin(), marks_.end(), 0);
    epoch_ = 1;
  }
}

bool ItemSet::add(std::int32_t item) {
  if (std::exchange(marks_[static_cast<std::size_t>(item)], epoch_) == epoch_) return false;
  items_.push_back(item);
  return true;
}

PairGenerator::PairGenerator(const TasteModel& model, const PairOptions& options)
    : model_(model), options_(options) {
  const ActivityOptions activity{options.ratings, options.least_per_user, options.most_per_user,
                                 options.spread,  options.seed,           kActivityStream,
                                 options.outliers};
  degree_ = spread_activity(model.users(), activity);
  offset_ = running_sums(degree_);
  const std::int64_t wanted = options.least_per_item * model.items();
  if (options.ratings >= wanted) assigned_ = wanted;
  if (options.star >= 0) choose_star_raters();
}

// Users stand in the order of their groups, and so do the assigned items: an item's first raters
// come from the group that likes it. The copies of an item are a whole group apart.
std::int32_t PairGenerator::assigned_item(std::int64_t position) const {
  const std::int64_t copies = options_.least_per_item;
  const std::int32_t group = model_.group_of_item(position / copies);
  const std::int64_t first = model_.first_item(group);
  const std::int64_t size = model_.first_item(group + 1) - first;
  return static_cast<std::int32_t>(first + (position - first * copies) % size);
}

std::int64_t PairGenerator::assigned_before(std::int64_t user) const {
  return picked_before(offset_[static_cast<std::size_t>(user)], assigned_, options_.ratings);
}

void PairGenerator::choose_star_raters() {
  rates_star_.assign(degree_.size(), false);
  const Philox random(options_.seed, kStarStream);
  const std::int32_t group = model_.group_of_item(options_.star);
  std::vector<std::pair<std::uint64_t, std::int64_t>> candidates;  // preferred ones first
  for (std::int64_t user = 0; user < model_.users(); ++user) {
    if (assigned_before(user + 1) - assigned_before(user) >= degree(user)) continue;
    const bool likely = model_.group_of_user(user) == group && degree(user) >= 3;
    const std::uint64_t key = random.bits(static_cast<std::uint64_t>(user));
    candidates.emplace_back(key | (likely ? 0 : std::uint64_t{1} << 32), user);
  }
  const auto count = std::min(candidates.size(), static_cast<std::size_t>(options_.star_raters));
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count),
                    candidates.end());
  for (std::size_t i = 0; i < count; ++i)
    rates_star_[static_cast<std::size_t>(candidates[i].second)] = true;
}

void PairGenerator::items_of(std::int64_t user, const TasteModel::Taste& taste,
                             ItemSet& set) const {
  set.clear();
  const bool rates_star = !rates_star_.empty() && rates_star_[static_cast<std::size_t>(user)];
  if (rates_star) set.add(options_.star);
  const std::int64_t end = assigned_before(user + 1);
  for (std::int64_t position = assigned_before(user); position < end; ++position) {
    const std::int32_t item = assigned_item(position);
    if (item != options_.star) set.add(item);
  }
  if (rates_star) draw_sequels(user, taste, set);
  const std::int64_t missing = degree(user) - static_cast<std::int64_t>(set.items().size());
  draw_more(user, taste, missing, kDrawStream, set);
}

// Who rates the star mostly knows its series, so that its nearest neighbours are the sequels.
void PairGenerator::draw_sequels(std::int64_t user, const TasteModel::Taste& taste,
                                 ItemSet& set) const {
  const Philox random(options_.seed, kSequelStream);
  for (std::uint64_t n = 0; n < kSequelDraws; ++n) {
    if (static_cast<std::int64_t>(set.items().size()) >= degree(user)) return;
    PhiloxBlock block = random.block(static_cast<std::uint64_t>(user) * kSequelDraws + n);
    block[0] = 0;  // the draw from the series of `previous`
    set.add(model_.draw(taste, block, options_.star));
  }
}

void PairGenerator::draw_more(std::int64_t user, const TasteModel::Taste& taste, std::int64_t count,
                              std::uint64_t stream, ItemSet& set) const {
  const Philox random(options_.seed, stream);
  const std::uint64_t base = static_cast<std::uint64_t>(user) << kAttemptBits;
  const auto attempts = static_cast<std::uint64_t>(16 * count + 64);
  for (std::uint64_t attempt = 0; count > 0 && attempt < attempts; ++attempt) {
    const PhiloxBlock block = random.block(base + attempt);
    const auto& had = set.items();
    const std::int32_t previous = had.empty() ? -1 : had[block[3] % had.size()];
    const std::int32_t item = model_.draw(taste, block, previous);
    if (item != options_.star && set.add(item)) --count;
  }
  // A user who has nearly everything of the own taste takes what is left, from there on.
  const std::int64_t start = model_.first_item(taste.group);
  for (std::int64_t i = 0; count > 0 && i < model_.items(); ++i) {
    const auto item = static_cast<std::int32_t>((start + i) % model_.items());
    if (item != options_.star && set.add(item)) --count;
  }
}

}  // namespace bascule
