#include "data/title_layout.h"

#include <array>

#include "data/numbers.h"
#include "data/text.h"

namespace bascule {
namespace {

struct Known {
  std::string_view format, separator, id, title;  // the names in the header
  bool escape, title_to_end;
};
constexpr std::array<Known, 5> kKnown = {
    {{"bookcrossing", ";", "ISBN", "Book-Title", true, false},
     {"bookcrossing-csv", ",", "ISBN", "Book-Title", false, false},
     {"movielens-csv", ",", "movieId", "title", false, false},
     {"netflix", ",", "MovieID", "Title", false, true},
     {"csv", ",", "id", "title", false, false}}};

int column(const Fields& row, std::string_view name) {
  for (std::size_t i = 0; i < row.size(); ++i)
    if (row[i] == name) return static_cast<int>(i);
  return -1;
}

// movies.dat, u.item and movie_titles.txt have no header; their separators and first field tell.
bool without_header(std::string_view line, TitleLayout& layout) {
  Fields row;
  for (const std::string_view separator : {"::", "|", ","}) {
    layout.dialect = {std::string(separator), false, false};
    if (!row.split(line, layout.dialect) || row.size() < 3 || !is_digits(row[0])) continue;
    layout.fields = static_cast<int>(row.size());
    layout.format = separator == "::" ? "movielens-dat" : "movielens-100k";
    if (separator != ",") return true;
    layout.format = "netflix";
    layout.fields = 3;
    layout.title = 2;
    layout.title_to_end = true;
    return is_digits(row[1]) || row[1] == "NULL";
  }
  return false;
}

}  // namespace

Result<TitleLayout> find_title_layout(const std::string& name, std::string_view bytes,
                                      char newline) {
  std::string_view line;
  LineCursor cursor(bytes, newline);
  while (cursor.next(line) && line.empty()) {
  }
  TitleLayout layout;
  if (!line.empty() && line.size() <= kMaxLine) {
    for (const Known& known : kKnown) {
      layout.dialect = {std::string(known.separator), !known.title_to_end, known.escape};
      Fields row;
      if (!row.split(line, layout.dialect)) continue;
      layout.id = column(row, known.id);
      layout.title = column(row, known.title);
      if (layout.id < 0 || layout.title < 0) continue;
      layout.format = known.format;
      layout.header = true;
      layout.fields = static_cast<int>(row.size());
      layout.title_to_end = known.title_to_end && layout.title + 1 == layout.fields;
      return layout;
    }
    layout = {};
    if (without_header(line, layout)) return layout;
  }
  return Error{Code::kBadData, name +
                                   ":1: is no item table that is known (BX-Books.csv, "
                                   "movies.csv, movies.dat, u.item, movie_titles.*)"};
}

}  // namespace bascule
