#include "run/parzen.h"

#include <cmath>
#include <numbers>
#include <utility>

#include <bascule/base/random_values.h>

namespace bascule::detail {
namespace {

constexpr std::uint64_t kStream = 0x70617a656e;
/// Of one point; of n points in d dimensions n^(−1 / (d + 4)) of it (Scott 1992). Fixed, not that
/// of the points: a few good points that happen to lie together would make an end of the search.
constexpr double kWidth = 0.15;
constexpr double kStray = 0.5;

double below(double center, double width, double x) {
  return 0.5 * std::erfc((center - x) / (width * std::numbers::sqrt2));
}

}  // namespace

double TrialRandom::uniform() {
  const PhiloxBlock words = RandomValues(seed_, kStream).block(drawn_++, trial_);
  const std::uint64_t bits = std::uint64_t{words[0]} << 32U | words[1];
  return static_cast<double>(bits >> 11U) * 0x1.0p-53;
}

double TrialRandom::normal() {
  const PhiloxBlock words = RandomValues(seed_, kStream).block(drawn_++, trial_);
  return RandomValues::normal(words[0], words[1], false);
}

Parzen::Parzen(const SearchSpace& space, std::vector<Places> points)
    : space_(&space), points_(std::move(points)) {
  const double narrower =
      std::pow(static_cast<double>(points_.size()), -1 / (static_cast<double>(space.size()) + 4));
  width_ = kWidth * narrower;
  stray_ = kStray * narrower;
}

double Parzen::kernel(std::size_t dimension, double center, double at) const {
  if (const std::size_t choices = (*space_)[dimension].choices.size(); choices > 0) {
    // Its mean over the choices is 1, as that of a density.
    return stray_ + (at == center ? (1 - stray_) * static_cast<double>(choices) : 0);
  }
  const double z = (at - center) / width_;
  const double inside = below(center, width_, 1) - below(center, width_, 0);
  return std::exp(-0.5 * z * z) / (width_ * std::sqrt(2 * std::numbers::pi) * inside);
}

double Parzen::density(const Places& at) const {
  double sum = 1;  // the uniform density
  for (const Places& point : points_) {
    double product = 1;
    for (std::size_t d = 0; d < at.size(); ++d) product *= kernel(d, point[d], at[d]);
    sum += product;
  }
  return sum / static_cast<double>(points_.size() + 1);
}

double Parzen::draw(std::size_t dimension, double center, TrialRandom& random) const {
  if (!(*space_)[dimension].choices.empty())
    return random.uniform() < stray_ ? random.uniform() : center;
  // About half of them are inside, and more where the center is not at an end.
  for (;;) {
    const double place = center + width_ * random.normal();
    if (place >= 0 && place < 1) return place;
  }
}

Places Parzen::draw(TrialRandom& random) const {
  const std::size_t count = points_.size() + 1;
  const auto drawn = static_cast<std::size_t>(random.uniform() * static_cast<double>(count));
  Places places(space_->size());
  for (std::size_t d = 0; d < places.size(); ++d)
    places[d] = drawn < points_.size() ? draw(d, points_[drawn][d], random) : random.uniform();
  return places;
}

}  // namespace bascule::detail
