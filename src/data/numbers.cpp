#include "data/numbers.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace bascule {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// `count` digits at the start of text, taken off it.
bool take_digits(std::string_view& text, std::size_t count, int& value) {
  if (text.size() < count || !is_digits(text.substr(0, count))) return false;
  value = 0;
  for (const char c : text.substr(0, count)) value = value * 10 + (c - '0');
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, std::string_view choices) {
  if (text.empty() || choices.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

bool parse_date(std::string_view text, std::int64_t& seconds) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take_digits(text, 4, year) || !take(text, "-") || !take_digits(text, 2, month) ||
      !take(text, "-") || !take_digits(text, 2, day))
    return false;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  seconds = std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 86400;
  if (text.empty()) return true;
  int hours = 0;
  int minutes = 0;
  int second = 0;
  if (!take(text, " T") || !take_digits(text, 2, hours) || !take(text, ":") ||
      !take_digits(text, 2, minutes) || !take(text, ":") || !take_digits(text, 2, second))
    return false;
  take(text, "Z");
  if (!text.empty() || hours > 23 || minutes > 59 || second > 60) return false;
  seconds += hours * 3600 + minutes * 60 + second;
  return true;
}

}  // namespace

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool parse_decimal(std::string_view text, float& value) {
  text = trimmed(text);
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && rest == end && std::isfinite(value);
}

bool parse_time(std::string_view text, std::int64_t& seconds) {
  text = trimmed(text);
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc()) return false;
  if (rest == end) return true;
  const std::string_view tail(rest, static_cast<std::size_t>(end - rest));
  if (tail[0] == '.') return tail.size() == 1 || is_digits(tail.substr(1));
  return parse_date(text, seconds);
}

}  // namespace bascule
