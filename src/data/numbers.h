#pragma once
#include <cstdint>
#include <string_view>

namespace bascule {

/// A finite decimal number, blanks around it allowed. False for anything else: empty, "nan",
/// hexadecimal, out of range, trailing text.
bool parse_decimal(std::string_view text, float& value);
inline bool parse_rating(std::string_view text, float& value) {
  const auto digit = static_cast<unsigned>(text.size() == 1 ? text[0] - '0' : 10);
  if (digit > 9) return parse_decimal(text, value);
  value = static_cast<float>(digit);
  return true;
}

/// Whole seconds since 1970 (a fraction is cut off), or a date as 2005-05-13, with 2005-05-13
/// 08:15:00 (or T for the blank, Z after it) as UTC.
bool parse_time(std::string_view text, std::int64_t& seconds);

/// Only decimal digits, at least one.
bool is_digits(std::string_view text);

}  // namespace bascule
