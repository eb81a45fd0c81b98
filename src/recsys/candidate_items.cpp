#include "recsys/candidate_items.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include <bascule/recsys/popularity.h>

namespace bascule::detail {
namespace {

constexpr std::uint64_t kStream = 0x63616e64;
/// Columns of a product come in panels of so many.
constexpr std::int64_t kPanel = 32;

/// Uniform in (0, 1].
float above_zero(std::uint32_t word) {
  return static_cast<float>((static_cast<double>(word) + 1) * 0x1.0p-32);
}

}  // namespace

CandidateSampler::CandidateSampler(const CompressedView& train, const CandidateOptions& options)
    : items_(train.minors),
      negatives_(options.negatives),
      random_(options.seed, kStream),
      place_(static_cast<std::size_t>(train.minors), -1) {
  for (const std::int64_t users : count_item_users(train))
    weights_.push_back(static_cast<float>(
        std::pow(static_cast<double>(std::max<std::int64_t>(users, 1)), options.exponent)));
}

std::int64_t CandidateSampler::candidates(std::int64_t wanted) const {
  const auto power = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(wanted)));
  const std::int64_t step = std::max(kPanel, power / 8);
  return std::min(items_, (wanted + step - 1) / step * step);
}

void CandidateSampler::add_items_of(UserRows& targets, std::size_t users,
                                    std::vector<std::int32_t>& items) {
  const CsrArgument rows = targets.argument();
  for (std::int64_t p = 0; p < rows.offsets[users]; ++p) {
    std::int32_t& place = place_[static_cast<std::size_t>(rows.indices[p])];
    if (place >= 0) continue;
    place = 0;
    items.push_back(rows.indices[p]);
  }
}

float CandidateSampler::add_sample(std::uint64_t step, std::int64_t count,
                                   std::vector<std::int32_t>& items) {
  priorities_.clear();
  PhiloxBlock words = {};
  for (std::int32_t item = 0; item < items_; ++item) {
    const auto element = static_cast<std::size_t>(item);
    if (element % 4 == 0) words = random_.block(element / 4, step);
    if (place_[element] < 0)
      priorities_.push_back({weights_[element] / above_zero(words[element % 4]), item});
  }
  const auto drawn = static_cast<std::size_t>(std::min(count, std::ssize(priorities_)));
  float threshold = 0;
  if (drawn < priorities_.size()) {
    std::nth_element(priorities_.begin(), priorities_.begin() + count, priorities_.end());
    threshold = priorities_[drawn].value;
  }
  for (std::size_t i = 0; i < drawn; ++i) items.push_back(priorities_[i].item);
  return threshold;
}

void CandidateSampler::draw(std::uint64_t step, UserRows& targets, std::size_t users,
                            CandidateItems& to) {
  to.items.clear();
  add_items_of(targets, users, to.items);
  const std::int64_t own = std::ssize(to.items);
  const float threshold = add_sample(step, candidates(own + negatives_) - own, to.items);
  std::sort(to.items.begin(), to.items.end());
  to.log_weights.clear();
  for (std::size_t i = 0; i < to.items.size(); ++i) {
    const auto item = static_cast<std::size_t>(to.items[i]);
    const bool sampled = place_[item] < 0;
    const float weight = weights_[item];
    to.log_weights.push_back(sampled && weight < threshold ? std::log(threshold / weight) : 0);
    place_[item] = static_cast<std::int32_t>(i);
  }
  to.targets.clear();
  const CsrArgument rows = targets.argument();
  std::vector<std::int32_t> places;
  for (std::size_t user = 0; user < users; ++user) {
    places.clear();
    const std::int64_t begin = rows.offsets[user], end = rows.offsets[user + 1];
    for (std::int64_t p = begin; p < end; ++p)
      places.push_back(place_[static_cast<std::size_t>(rows.indices[p])]);
    to.targets.add({places, std::span(rows.values + begin, rows.values + end)});
  }
  for (const std::int32_t item : to.items) place_[static_cast<std::size_t>(item)] = -1;
}

}  // namespace bascule::detail
