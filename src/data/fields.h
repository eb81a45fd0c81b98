#pragma once
// One line into fields, reading quotes and escapes as leniently as their text allows.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bascule {

/// How the fields of a line are written.
struct Dialect {
  std::string separator = ",";  ///< one character, or "::"
  bool quotes = false;          ///< a field may stand in double quotes; inside, "" is one quote
  bool escape = false;          ///< inside quotes, \" is a quote and \\ a backslash
};

/// The fields of the current line; reused from line to line.
class Fields {
 public:
  /// False when a quoted field does not end on this line. A quote that does not stand before a
  /// separator or the line's end does not close its field: it is read as text.
  bool split(std::string_view line, const Dialect& dialect);
  [[nodiscard]] std::size_t size() const { return views_.size(); }
  std::string_view operator[](std::size_t i) const { return views_[i]; }
  [[nodiscard]] auto begin() const { return views_.begin(); }
  [[nodiscard]] auto end() const { return views_.end(); }

 private:
  std::vector<std::string_view> views_;
  std::string decoded_;  // text of fields that hold escapes
};

}  // namespace bascule
