#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <bascule/base/random.h>
#include <bascule/run/search_space.h>

#include "run/halton.h"
#include "run/parzen.h"

namespace bascule {
namespace {

SearchRange numbers(const std::string& key) {
  return {.key = key, .origin = "test", .low = 0, .high = 1};
}
SearchRange words(const std::string& key, int count) {
  SearchRange range{.key = key, .origin = "test"};
  for (int i = 0; i < count; ++i) range.choices.push_back({"word " + std::to_string(i), "test"});
  return range;
}

std::string text(const SearchPoint& point) {
  std::string all;
  for (const ConfigValue& value : point) all += value.to_toml() + " ";
  return all;
}

using Judge = std::function<std::optional<double>(const SearchPoint&)>;

std::vector<TriedPoint> search(const SearchSpace& space, std::size_t trials, std::uint64_t seed,
                               const Judge& judge, std::vector<TriedPoint> tried = {}) {
  while (tried.size() < trials) {
    auto point = next_point(space, tried, seed);
    if (!point) break;
    const auto value = judge(*point);
    tried.push_back({std::move(*point), value});
  }
  return tried;
}

double at(const SearchPoint& point, std::size_t i) {
  return std::get<double>(point[i].data);
}

TEST(Halton, FillsEveryCellOnce) {
  for (const std::uint64_t seed : {1U, 2U, 77U}) {
    std::set<int> halves, thirds, both;
    for (std::uint64_t i = 0; i < 36; ++i) {
      const auto point = detail::halton_point(i, 2, seed);
      for (const double x : point) {
        EXPECT_GE(x, 0);
        EXPECT_LT(x, 1);
      }
      if (i < 32) halves.insert(static_cast<int>(point[0] * 32));
      if (i < 27) thirds.insert(static_cast<int>(point[1] * 27));
      both.insert(static_cast<int>(point[0] * 4) * 9 + static_cast<int>(point[1] * 9));
    }
    EXPECT_EQ(halves.size(), 32U);
    EXPECT_EQ(thirds.size(), 27U);
    EXPECT_EQ(both.size(), 36U);
  }
  EXPECT_NE(detail::halton_point(3, 2, 1), detail::halton_point(3, 2, 2));
  EXPECT_EQ(detail::halton_point(1000000, 32, 5).size(), 32U);
}

TEST(Parzen, IsADensity) {
  const SearchSpace space = {numbers("x"), words("y", 3)};
  const detail::Parzen density(space, {{0.0, 0.5}, {0.9, 1.0 / 6}, {0.97, 1.0 / 6}});
  double integral = 0;
  constexpr int kSteps = 2000;
  for (int word = 0; word < 3; ++word)
    for (int i = 0; i < kSteps; ++i)
      integral += density.density({(i + 0.5) / kSteps, (word + 0.5) / 3}) / kSteps / 3;
  EXPECT_NEAR(integral, 1, 1e-5);
  // What is drawn has it: the mean of 1 / density over draws is the size of the space, which is 1.
  detail::TrialRandom random(3, 4);
  double sum = 0;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    detail::Places places = density.draw(random);
    ASSERT_GE(places[0], 0);
    ASSERT_LT(places[0], 1);
    places[1] = (std::floor(places[1] * 3) + 0.5) / 3;
    sum += 1 / density.density(places);
  }
  EXPECT_NEAR(sum / kDraws, 1, 0.03);
}

TEST(Search, DependsOnSeedAndResultsAlone) {
  const SearchSpace space = {numbers("x"), words("y", 4), numbers("z")};
  const Judge judge = [](const SearchPoint& point) {
    return -std::abs(at(point, 0) - 0.3) - std::abs(at(point, 2) - 0.8);
  };
  const auto whole = search(space, 30, 5, judge);
  for (const std::size_t stop : {0U, 1U, 6U, 7U, 13U, 29U}) {
    std::vector<TriedPoint> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(stop));
    const auto resumed = search(space, 30, 5, judge, part);
    for (std::size_t i = 0; i < whole.size(); ++i)
      EXPECT_EQ(text(resumed[i].point), text(whole[i].point)) << stop << ' ' << i;
  }
  EXPECT_NE(text(search(space, 1, 6, judge)[0].point), text(whole[0].point));
  // Once results count, other results lead elsewhere.
  auto other = whole;
  other.resize(20);
  std::swap(other[3].value, other[19].value);
  EXPECT_NE(text(*next_point(space, other, 5)), text(whole[20].point));
}

TEST(Search, TriesEveryPointOfASmallSpaceOnce) {
  SearchSpace space = {words("a", 5),
                       {.key = "b", .origin = "test", .integer = true, .low = 1, .high = 9}};
  for (const bool logarithmic : {false, true}) {
    space[1].logarithmic = logarithmic;
    const auto tried = search(space, 1000, 3, [](const SearchPoint& point) {
      return static_cast<double>(std::get<std::int64_t>(point[1].data));
    });
    std::set<std::string> points;
    for (const TriedPoint& one : tried) points.insert(text(one.point));
    EXPECT_EQ(tried.size(), 45U);
    EXPECT_EQ(points.size(), 45U);
    // The large numbers are good, and are looked for first.
    double early = 0, late = 0;
    for (std::size_t i = 6; i < 16; ++i) early += *tried[i].value;
    for (std::size_t i = 35; i < 45; ++i) late += *tried[i].value;
    EXPECT_GT(early, late + 10);
  }
}

TEST(Search, GoesOnWhereNothingSucceeds) {
  const SearchSpace space = {numbers("x")};
  const auto tried = search(space, 40, 1, [](const SearchPoint&) { return std::nullopt; });
  std::set<std::string> points;
  for (const TriedPoint& one : tried) points.insert(text(one.point));
  EXPECT_EQ(points.size(), 40U);
}

TEST(Search, KeepsAwayFromFailures) {
  const SearchSpace space = {numbers("x"), numbers("y")};
  const auto tried = search(space, 60, 2, [](const SearchPoint& point) -> std::optional<double> {
    if (at(point, 0) < 0.5) return std::nullopt;
    return at(point, 1);
  });
  const auto failed = std::count_if(tried.begin() + 20, tried.end(),
                                    [](const TriedPoint& one) { return !one.value; });
  EXPECT_LT(failed, 10);  // of 40, of which half would fail at random
}

/// The median over seeds of how far the best of some trials is from the optimum.
template <class Next>
double regret(const SearchSpace& space, std::size_t trials, const Next& next) {
  std::vector<double> regrets;
  for (std::uint64_t seed = 0; seed < 41; ++seed) {
    const Philox random(seed, 9);
    std::vector<double> optimum;
    for (std::size_t d = 0; d < space.size(); ++d) optimum.push_back(random.uniform(d));
    std::vector<TriedPoint> tried;
    double best = 1e9;
    while (tried.size() < trials) {
      SearchPoint point = next(tried, seed);
      double loss = 0;
      for (std::size_t d = 0; d < space.size(); ++d)
        loss += static_cast<double>(d + 1) * std::pow(at(point, d) - optimum[d], 2);
      best = std::min(best, loss);
      tried.push_back({std::move(point), -loss});
    }
    regrets.push_back(best);
  }
  std::nth_element(regrets.begin(), regrets.begin() + 20, regrets.end());
  return regrets[20];
}

TEST(Search, FindsAnOptimumSoonerThanChance) {
  for (const auto& [dimensions, trials] : {std::pair{1U, 20U}, {2U, 30U}, {4U, 60U}}) {
    SearchSpace space;
    for (unsigned d = 0; d < dimensions; ++d) space.push_back(numbers(fmt::format("k{}", d)));
    const double ours =
        regret(space, trials, [&](const std::vector<TriedPoint>& tried, std::uint64_t seed) {
          return *next_point(space, tried, seed);
        });
    const double chance =
        regret(space, trials, [&](const std::vector<TriedPoint>& tried, std::uint64_t seed) {
          const Philox random(seed, 11);
          SearchPoint point;
          for (std::size_t d = 0; d < space.size(); ++d)
            point.push_back(space[d].at(random.uniform(tried.size() * space.size() + d)));
          return point;
        });
    EXPECT_LT(ours, chance / 3) << dimensions;
  }
}

}  // namespace
}  // namespace bascule
