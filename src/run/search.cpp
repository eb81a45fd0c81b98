#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include <bascule/base/checked.h>
#include <bascule/run/search_space.h>

#include "run/halton.h"
#include "run/parzen.h"

namespace bascule {
namespace {

using detail::Places;

/// Points of spaces up to this are listed; of larger ones some are drawn.
constexpr std::int64_t kListed = 1024;
constexpr std::size_t kDrawn = 24;
/// Beside one for each key, the points that are tried before their results are looked at.
constexpr std::size_t kFirst = 4;
/// One in so many counts as good, and at least kLeastGood.
constexpr std::size_t kGoodShare = 5, kLeastGood = 2;

SearchPoint values_at(const SearchSpace& space, const Places& places) {
  SearchPoint point;
  for (std::size_t d = 0; d < space.size(); ++d) point.push_back(space[d].at(places[d]));
  return point;
}

Places places_of(const SearchSpace& space, const SearchPoint& point) {
  Places places;
  for (std::size_t d = 0; d < space.size(); ++d)
    places.push_back(space[d].place_of(point[d]).value());
  return places;
}

/// Of small spaces.
std::optional<std::int64_t> count_points(const SearchSpace& space) {
  std::optional<std::int64_t> points = 1;
  for (const SearchRange& range : space) {
    if (range.count() == 0) return std::nullopt;
    points = checked_mul(*points, range.count());
    if (!points || *points > kListed) return std::nullopt;
  }
  return points;
}

/// Where every point of a small space lies, the last key's values changing first.
std::vector<Places> all_points(const SearchSpace& space, std::int64_t count) {
  std::vector<Places> points;
  for (std::int64_t index = 0; index < count; ++index) {
    SearchPoint point(space.size());
    std::int64_t rest = index;
    for (std::size_t d = space.size(); d-- > 0; rest /= space[d].count())
      point[d] = space[d].nth(rest % space[d].count());
    points.push_back(places_of(space, point));
  }
  return points;
}

class Search {
 public:
  Search(const SearchSpace& space, const std::vector<TriedPoint>& tried, std::uint64_t seed)
      : space_(space), seed_(seed), number_(tried.size()) {
    for (const TriedPoint& point : tried) {
      tried_.push_back(places_of(space, point.point));
      value_.push_back(point.value.value_or(-std::numeric_limits<double>::infinity()));
      succeeded_ += point.value ? 1 : 0;
    }
    known_ = {tried_.begin(), tried_.end()};
  }

  std::optional<Places> next() {
    const bool first = number_ < space_.size() + kFirst || succeeded_ < kLeastGood;
    const Places spread = detail::halton_point(number_, space_.size(), seed_);
    if (const auto count = count_points(space_)) {
      std::vector<Places> open = all_points(space_, *count);
      std::erase_if(open, [&](const Places& places) { return known_.contains(places); });
      if (open.empty()) return std::nullopt;
      return first ? nearest(open, spread) : most_promising(open);
    }
    return first ? spread : most_promising({});
  }

 private:
  static Places nearest(const std::vector<Places>& open, const Places& to) {
    const auto distance = [&](const Places& from) {
      return std::transform_reduce(from.begin(), from.end(), to.begin(), 0.0, std::plus<>(),
                                   [](double a, double b) { return (a - b) * (a - b); });
    };
    return *std::min_element(open.begin(), open.end(), [&](const Places& a, const Places& b) {
      return distance(a) < distance(b);
    });
  }

  /// Of these points, or where there are none of some that are drawn near good ones, the one that
  /// is more likely among good points than among the others by the largest factor.
  Places most_promising(std::vector<Places> candidates) {
    std::vector<std::size_t> order(number_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return value_[a] > value_[b]; });
    const std::size_t good =
        std::min(std::max(kLeastGood, (number_ + kGoodShare - 1) / kGoodShare), succeeded_);
    std::vector<Places> better, rest;
    for (std::size_t i = 0; i < number_; ++i)
      (i < good ? better : rest).push_back(tried_[order[i]]);
    const detail::Parzen likely(space_, std::move(better)), other(space_, std::move(rest));
    if (candidates.empty()) candidates = draw(likely);
    const auto factor = [&](const Places& at) { return likely.density(at) / other.density(at); };
    return *std::max_element(
        candidates.begin(), candidates.end(),
        [&](const Places& a, const Places& b) { return factor(a) < factor(b); });
  }

  /// Each as the values that it stands for, those that were not tried where there are any.
  [[nodiscard]] std::vector<Places> draw(const detail::Parzen& density) const {
    detail::TrialRandom random(seed_, number_);
    std::vector<Places> drawn;
    for (std::size_t i = 0; i < kDrawn; ++i)
      drawn.push_back(places_of(space_, values_at(space_, density.draw(random))));
    std::vector<Places> fresh;
    for (const Places& places : drawn)
      if (!known_.contains(places)) fresh.push_back(places);
    return fresh.empty() ? drawn : fresh;
  }

  const SearchSpace& space_;
  std::uint64_t seed_;
  std::size_t number_, succeeded_ = 0;
  std::vector<Places> tried_;
  std::vector<double> value_;
  std::set<Places> known_;
};

}  // namespace

std::optional<SearchPoint> next_point(const SearchSpace& space,
                                      const std::vector<TriedPoint>& tried, std::uint64_t seed) {
  const std::optional<Places> places = Search(space, tried, seed).next();
  if (!places) return std::nullopt;
  return values_at(space, *places);
}

}  // namespace bascule
