#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include <bascule/run/search_space.h>

namespace bascule {
namespace {

std::optional<double> number(const ConfigValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value.data))
    return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value.data)) return *real;
  return std::nullopt;
}

/// 500 and 500.0 are the same.
bool same(const ConfigValue& a, const ConfigValue& b) {
  const auto x = number(a), y = number(b);
  return x && y ? *x == *y : a.to_toml() == b.to_toml();
}

double six_digits(double x) {
  return std::strtod(fmt::format("{:.6g}", x).c_str(), nullptr);
}

/// A line on which places are proportional to distance.
struct Line {
  bool logarithmic;
  double begin, end;
  [[nodiscard]] double at(double place) const {
    const double x = begin + place * (end - begin);
    return logarithmic ? std::exp(x) : x;
  }
  [[nodiscard]] double place_of(double x) const {
    return ((logarithmic ? std::log(x) : x) - begin) / (end - begin);
  }
};

/// A whole number has the cell from half below it to half above.
Line line_of(const SearchRange& range) {
  const double margin = range.integer ? 0.5 : 0;
  const double low = range.low - margin, high = range.high + margin;
  if (range.logarithmic) return {true, std::log(low), std::log(high)};
  return {false, low, high};
}

}  // namespace

std::int64_t SearchRange::count() const {
  if (!choices.empty()) return std::ssize(choices);
  return integer ? static_cast<std::int64_t>(high - low) + 1 : 0;
}

ConfigValue SearchRange::nth(std::int64_t index) const {
  if (!choices.empty()) return choices[static_cast<std::size_t>(index)];
  return {static_cast<std::int64_t>(low) + index, "search"};
}

ConfigValue SearchRange::at(double place) const {
  if (!choices.empty()) {
    const double index = place * static_cast<double>(choices.size());
    return choices[std::min(static_cast<std::size_t>(index), choices.size() - 1)];
  }
  const double x = line_of(*this).at(place);
  if (integer)
    return {static_cast<std::int64_t>(std::clamp(std::floor(x + 0.5), low, high)), "search"};
  return {std::clamp(six_digits(x), low, high), "search"};
}

std::optional<double> SearchRange::place_of(const ConfigValue& value) const {
  if (!choices.empty()) {
    const auto found = std::find_if(choices.begin(), choices.end(),
                                    [&](const ConfigValue& choice) { return same(choice, value); });
    if (found == choices.end()) return std::nullopt;
    return (static_cast<double>(found - choices.begin()) + 0.5) /
           static_cast<double>(choices.size());
  }
  const std::optional<double> x = number(value);
  if (!x || !(*x >= low && *x <= high)) return std::nullopt;
  if (integer && !std::holds_alternative<std::int64_t>(value.data)) return std::nullopt;
  return line_of(*this).place_of(*x);
}

std::string SearchRange::to_toml() const {
  if (!choices.empty())
    return fmt::format("{{ choices = {} }}", ConfigValue{choices, ""}.to_toml());
  const auto bound = [&](double x) {
    return integer ? fmt::format("{}", static_cast<std::int64_t>(x)) : ConfigValue{x, ""}.to_toml();
  };
  return fmt::format("{{ low = {}, high = {}{} }}", bound(low), bound(high),
                     logarithmic ? ", scale = \"log\"" : "");
}

}  // namespace bascule
