#include "data/taste_model.h"

#include <algorithm>
#include <cmath>

namespace bascule {
namespace {

constexpr std::uint64_t kItemStream = 101, kUserStream = 102;
constexpr std::int64_t kItemsPerGroup = 20;  // below, a group has no structure of its own

// Chances of one draw, as 32-bit thresholds.
constexpr std::uint32_t chance(double p) {
  return static_cast<std::uint32_t>(p * 4294967296.0);
}
constexpr std::uint32_t kFromSeries = chance(0.20);
constexpr std::uint32_t kFromOwnGroup = chance(0.72);     // cumulative
constexpr std::uint32_t kFromSecondGroup = chance(0.86);  // cumulative
constexpr std::uint32_t kOwnNiche = chance(0.65);

/// Independent bits out of a word that was already compared with a threshold.
constexpr std::uint32_t remix(std::uint32_t word, std::uint32_t salt) {
  word = (word ^ salt) * 0x9E3779B1U;
  word = (word ^ (word >> 15)) * 0x85EBCA77U;
  return word ^ (word >> 13);
}

constexpr std::uint32_t scaled(std::uint32_t word, std::uint32_t bound) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * bound) >> 32);
}

/// Boundaries of `groups` parts of [0, count) whose sizes fall slowly.
std::vector<std::int64_t> boundaries(std::int64_t count, std::int32_t groups) {
  std::vector<double> sums = {0.0};
  for (std::int32_t g = 0; g < groups; ++g) sums.push_back(sums.back() + std::pow(g + 4.0, -0.7));
  std::vector<std::int64_t> ends;
  ends.reserve(sums.size());
  for (const double sum : sums)
    ends.push_back(static_cast<std::int64_t>(sum / sums.back() * static_cast<double>(count)));
  ends.back() = count;
  return ends;
}

std::int32_t part_of(const std::vector<std::int64_t>& ends, std::int64_t index) {
  return static_cast<std::int32_t>(std::upper_bound(ends.begin(), ends.end(), index) -
                                   ends.begin()) -
         1;
}

}  // namespace

TasteModel::TasteModel(std::int64_t users, std::int64_t items, std::uint64_t seed)
    : user_random_(seed, kUserStream) {
  const auto count =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(items / kItemsPerGroup, 1, kMaxGroups));
  item_ends_ = boundaries(items, count);
  user_ends_ = boundaries(users, count);
  const auto size = static_cast<std::size_t>(items);
  keep_.resize(size);
  alias_.resize(size);
  item_group_.resize(size);
  item_bias_.resize(size);
  const Philox random(seed, kItemStream);
  for (std::int64_t i = 0; i < items; ++i) {
    item_group_[static_cast<std::size_t>(i)] = part_of(item_ends_, i);
    item_bias_[static_cast<std::size_t>(i)] =
        static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
  }
  for (std::size_t g = 0; g + 1 < item_ends_.size(); ++g)
    build_alias(item_ends_[g], item_ends_[g + 1]);
}

// Walker's alias method in Vose's form: M. Vose, "A Linear Algorithm for Generating Random Numbers
// with a Given Distribution", IEEE TSE 17(9), 1991.
void TasteModel::build_alias(std::int64_t begin, std::int64_t end) {
  const auto n = static_cast<std::size_t>(end - begin);
  std::vector<double> weight(n);
  double sum = 0;
  for (std::size_t r = 0; r < n; ++r) sum += weight[r] = 1.0 / (static_cast<double>(r) + kFlat);
  std::vector<std::size_t> small, large;
  for (std::size_t r = 0; r < n; ++r) {
    weight[r] *= static_cast<double>(n) / sum;
    (weight[r] < 1 ? small : large).push_back(r);
  }
  const auto base = static_cast<std::size_t>(begin);
  const auto place = [&](std::size_t r, double keep, std::size_t other) {
    keep_[base + r] = static_cast<std::uint32_t>(std::min(keep * 4294967296.0, 4294967295.0));
    alias_[base + r] = static_cast<std::int32_t>(base + other);
  };
  while (!small.empty() && !large.empty()) {
    const std::size_t s = small.back(), l = large.back();
    small.pop_back();
    place(s, weight[s], l);
    weight[l] -= 1 - weight[s];
    if (weight[l] < 1) {
      large.pop_back();
      small.push_back(l);
    }
  }
  for (const auto* rest : {&small, &large})
    for (const std::size_t r : *rest) place(r, 1, r);
}

std::int32_t TasteModel::group_of_item(std::int64_t item) const {
  return item_group_[static_cast<std::size_t>(item)];
}

std::int32_t TasteModel::group_of_user(std::int64_t user) const {
  return part_of(user_ends_, user);
}

TasteModel::Taste TasteModel::taste(std::int64_t user) const {
  Taste taste;
  const PhiloxBlock words = user_random_.block(static_cast<std::uint64_t>(user));
  taste.group = group_of_user(user);
  taste.second_group = draw_group(words[0]);
  taste.niche = static_cast<std::int32_t>(scaled(words[1], kNiches));
  // The sum of two uniforms is close enough to a bell for a bias.
  taste.bias = (static_cast<float>(words[2]) + static_cast<float>(words[3])) * 0x1.0p-32F - 1.0F;
  return taste;
}

std::int32_t TasteModel::draw_group(std::uint32_t word) const {
  return item_group_[scaled(word, static_cast<std::uint32_t>(items()))];
}

std::int32_t TasteModel::draw_in_group(std::int32_t group, std::uint32_t word) const {
  const auto g = static_cast<std::size_t>(group);
  const auto begin = static_cast<std::uint32_t>(item_ends_[g]);
  const std::uint32_t column =
      begin + scaled(word, static_cast<std::uint32_t>(item_ends_[g + 1]) - begin);
  return remix(word, 1) < keep_[column] ? static_cast<std::int32_t>(column) : alias_[column];
}

std::int32_t TasteModel::move_to_niche(std::int32_t item, std::int32_t group,
                                       std::int32_t niche) const {
  const auto g = static_cast<std::size_t>(group);
  const std::int64_t rank = item - item_ends_[g];
  const std::int64_t series = rank / kSeries / kNiches * kNiches + niche;
  const std::int64_t moved = item_ends_[g] + series * kSeries + rank % kSeries;
  return moved < item_ends_[g + 1] ? static_cast<std::int32_t>(moved) : item;
}

std::int32_t TasteModel::draw(const Taste& taste, const PhiloxBlock& block,
                              std::int32_t previous) const {
  if (block[0] < kFromSeries && previous >= 0) {
    const auto g = static_cast<std::size_t>(group_of_item(previous));
    const std::int64_t rank = previous - item_ends_[g];
    const std::int64_t first = item_ends_[g] + rank / kSeries * kSeries;
    const std::int64_t size = std::min<std::int64_t>(kSeries, item_ends_[g + 1] - first);
    return static_cast<std::int32_t>(first + scaled(block[1], static_cast<std::uint32_t>(size)));
  }
  if (block[0] < kFromOwnGroup) {
    const std::int32_t item = draw_in_group(taste.group, block[1]);
    return remix(block[0], 2) < kOwnNiche ? move_to_niche(item, taste.group, taste.niche) : item;
  }
  if (block[0] < kFromSecondGroup) return draw_in_group(taste.second_group, block[1]);
  return draw_in_group(draw_group(remix(block[0], 3)), block[1]);
}

float TasteModel::liking(const Taste& taste, std::int32_t item, std::uint32_t noise) const {
  const std::int32_t group = group_of_item(item);
  const std::int64_t rank = item - item_ends_[static_cast<std::size_t>(group)];
  float match = -0.12F;
  if (group == taste.group) {
    match = rank / kSeries % kNiches == taste.niche ? 0.18F : 0.08F;
  } else if (group == taste.second_group) {
    match = 0.04F;
  }
  const float jitter =
      (static_cast<float>(noise & 0xffffU) + static_cast<float>(noise >> 16)) * 0x1.0p-16F - 1.0F;
  const float value = 0.58F + match + 0.18F * taste.bias +
                      0.08F * item_bias_[static_cast<std::size_t>(item)] + 0.25F * jitter;
  return std::clamp(value, 0.0F, 1.0F);
}

}  // namespace bascule
