#pragma once
// Text tables for a terminal: columns as wide as their widest cell, counted in characters.
#include <string>
#include <vector>

namespace bascule::cli {

class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
    std::size_t widest = 60;  ///< longer cells are cut, with an ellipsis
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] std::string to_string() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 → "1,234,567".
std::string with_commas(std::int64_t count);
/// 0.0000123 → "12.3 µs", 0.0123 → "12.3 ms", 1.5 → "1.50 s".
std::string human_seconds(double seconds);
/// "first_query" → "first query".
std::string spaced(std::string name);
/// 1536 → "1.5 KiB".
std::string human_bytes(double bytes);
/// Text from a file made safe for a terminal: control characters become "?".
std::string terminal_safe(std::string_view text);

}  // namespace bascule::cli
