#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <fmt/format.h>

#include "data/layout.h"
#include "data/numbers.h"

namespace bascule {
namespace {

using namespace std::string_view_literals;

// Usual names, in lower case without punctuation; the earlier wins.
constexpr std::array kUserNames = {"userid"sv,     "user"sv,       "uid"sv,      "username"sv,
                                   "reviewerid"sv, "customerid"sv, "customer"sv, "memberid"sv,
                                   "visitorid"sv,  "u"sv};
constexpr std::array kItemNames = {"itemid"sv,    "item"sv,    "isbn"sv,     "movieid"sv,
                                   "movie"sv,     "bookid"sv,  "book"sv,     "asin"sv,
                                   "productid"sv, "product"sv, "artistid"sv, "trackid"sv,
                                   "songid"sv,    "iid"sv,     "i"sv};
constexpr std::array kRatingNames = {"rating"sv, "bookrating"sv, "ratings"sv, "score"sv,
                                     "stars"sv,  "overall"sv,    "value"sv,   "weight"sv,
                                     "count"sv,  "playcount"sv,  "r"sv};
constexpr std::array kTimeNames = {"timestamp"sv,      "time"sv, "date"sv, "datetime"sv,
                                   "unixreviewtime"sv, "ts"sv,   "t"sv};

std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') out.push_back(static_cast<char>(c - 'A' + 'a'));
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out.push_back(c);
  }
  return out;
}

int column_named(const Fields& row, std::string_view name) {
  for (std::size_t i = 0; i < row.size(); ++i)
    if (row[i] == name) return static_cast<int>(i);
  return -1;
}

int usual_column(const Fields& row, std::span<const std::string_view> names) {
  for (const std::string_view name : names)
    for (std::size_t i = 0; i < row.size(); ++i)
      if (plain(row[i]) == name) return static_cast<int>(i);
  return -1;
}

std::string names_of(const Fields& row) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(row.size(), 20); ++i)
    out += fmt::format("{}{}", i == 0 ? "" : ", ", row[i].substr(0, 40));
  return out;
}

struct Wanted {
  const char* what;
  const std::string& given;
  std::span<const std::string_view> usual;
  int position;  // where it stands without a header
  bool required;
  int& column;
};

}  // namespace

Status find_columns(const std::string& name, const Fields& first_row, const RatingsOptions& options,
                    Layout& layout) {
  const std::array<Wanted, 4> wanted = {
      {{"user", options.user_column, kUserNames, 0, true, layout.user},
       {"item", options.item_column, kItemNames, 1, true, layout.item},
       {"rating", options.rating_column, kRatingNames, 2, false, layout.rating},
       {"time", options.time_column, kTimeNames, 3, false, layout.time}}};
  layout.fields = static_cast<int>(first_row.size());
  layout.header = true;
  for (const Wanted& w : wanted) {
    w.column =
        w.given.empty() ? usual_column(first_row, w.usual) : column_named(first_row, w.given);
    if (w.column < 0 && (w.required || !w.given.empty())) layout.header = false;
  }
  if (layout.header) return {};

  // No header: positions, given or usual.
  for (const Wanted& w : wanted) {
    w.column = w.position < layout.fields ? w.position : -1;
    if (!w.given.empty()) {
      int position = 0;
      const char* const end = w.given.data() + w.given.size();
      const auto [rest, error] = std::from_chars(w.given.data(), end, position);
      if (error != std::errc() || rest != end || position < 1 || position > layout.fields)
        return {Code::kBadData, fmt::format("{}:1: no {} column '{}' (columns: {})", name, w.what,
                                            w.given, names_of(first_row))};
      w.column = position - 1;
    }
    if (w.required && w.column < 0)
      return {Code::kBadData,
              fmt::format("{}:1: no {} column (columns: {})", name, w.what, names_of(first_row))};
  }
  float number = 0;
  layout.header = layout.rating >= 0 &&
                  !parse_rating(first_row[static_cast<std::size_t>(layout.rating)], number);
  if (layout.header && (options.user_column.empty() || options.item_column.empty()))
    return {Code::kBadData,
            fmt::format("{}:1: cannot tell user, item and rating among the columns {}; name them",
                        name, names_of(first_row))};
  return {};
}

}  // namespace bascule
