#pragma once
// What a search may try: keys of a spec, and the values that each of them may take.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>

namespace bascule {

/// The values of one key: the numbers between two bounds, or some that are listed.
struct SearchRange {
  std::string key;     ///< "model.l2"
  std::string origin;  ///< where it was declared, for messages: "spec.toml:12"
  bool integer = false;
  bool logarithmic = false;               ///< equal ratios are equally far apart
  double low = 0, high = 0;               ///< both may be taken
  std::vector<ConfigValue> choices = {};  ///< in place of the numbers, where there are any

  /// How many values there are; 0: too many to be counted.
  [[nodiscard]] std::int64_t count() const;
  /// Of those that can be counted.
  [[nodiscard]] ConfigValue nth(std::int64_t index) const;
  /// The value at a place in [0, 1). Numbers that are not whole have six digits.
  [[nodiscard]] ConfigValue at(double place) const;
  /// Where a value lies in [0, 1]: at(place_of(v)) is v, but for digits beyond the sixth. None of a
  /// value that is not of the range.
  [[nodiscard]] std::optional<double> place_of(const ConfigValue& value) const;
  /// { low = 1.0, high = 1000.0, scale = "log" }
  [[nodiscard]] std::string to_toml() const;
};

using SearchSpace = std::vector<SearchRange>;

inline constexpr std::size_t kMostRanges = 32, kMostChoices = 100;

/// The ranges that these keys declare: "model.l2.low", "model.l2.high" and if need be
/// "model.l2.scale" ("linear" or "log"), or "model.weighting.choices", in the order of their names.
/// kUsage, naming key and line, for a key that the schema does not have (with the nearest one),
/// values that it does not allow, bounds that are no range, and more than kMostRanges of them.
Result<SearchSpace> parse_ranges(const Config& declared, const Schema& schema);

/// A range of the command line as such keys: "model.l2=1:1000", "model.l2=1:1000:log",
/// "model.weighting=raw,bm25". kUsage when it is none.
Result<Config> parse_range_option(std::string_view option);

/// One value for each range.
using SearchPoint = std::vector<ConfigValue>;

/// A point that was tried, and what came of it: the larger the better, or nothing where it failed.
struct TriedPoint {
  SearchPoint point;
  std::optional<double> value;
};

/// The point to try next, by the tree-structured Parzen estimator: J. Bergstra, R. Bardenet,
/// Y. Bengio, B. Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011, over all keys
/// jointly; the first points are those of a randomised Halton sequence. A function of its arguments
/// alone, in which `tried` is in the order of trials. None once every point was tried.
std::optional<SearchPoint> next_point(const SearchSpace& space,
                                      const std::vector<TriedPoint>& tried, std::uint64_t seed);

}  // namespace bascule
