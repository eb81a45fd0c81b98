#include "data/layout.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "data/numbers.h"
#include "data/text.h"

namespace bascule {
namespace {

constexpr std::size_t kProbeLines = 20;

constexpr std::array<FormatInfo, 11> kFormats = {
    {{"bookcrossing",
      "BookCrossing dump: \"User-ID\";\"ISBN\";\"Book-Rating\", \\\" inside fields"},
     {"bookcrossing-csv", "BookCrossing with commas: User-ID,ISBN,Book-Rating"},
     {"movielens-dat", "MovieLens 1M and 10M: user::item::rating::time"},
     {"movielens-csv", "MovieLens 20M and later: userId,movieId,rating,timestamp"},
     {"movielens-100k", "MovieLens 100K: user, item, rating, time between tabs, no header"},
     {"netflix", "Netflix Prize: 'item:' on a line, then user,rating,date (mv_*, combined_data_*)"},
     {"netflix-csv", "Netflix ratings as MovieID,UserID,Rating,Date"},
     {"lightgcn", "user item item ... on each line, whole numbers, no ratings"},
     {"csv", "fields between commas (or ; or |), columns by name or position"},
     {"tsv", "fields between tabs, columns by name or position"},
     {"npz", "SciPy sparse matrix in CSR form, users by items"}}};

std::vector<std::string_view> first_lines(std::string_view bytes, char newline) {
  std::vector<std::string_view> lines;
  LineCursor cursor(bytes.substr(0, kProbeLines * kMaxLine), newline);
  std::string_view line;
  while (lines.size() < kProbeLines && cursor.next(line)) {
    if (line.size() > kMaxLine) break;
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

bool is_netflix(std::span<const std::string_view> lines) {
  return lines[0].ends_with(':') && is_digits(lines[0].substr(0, lines[0].size() - 1));
}

bool is_list(std::span<const std::string_view> lines) {
  return std::all_of(lines.begin(), lines.end(), [](std::string_view line) {
    return is_digits(line.substr(0, line.find(' '))) &&
           line.find_first_not_of("0123456789 ") == std::string_view::npos;
  });
}

// The separator that cuts the first line into the most fields, and the second into some.
std::string separator_of(std::span<const std::string_view> lines) {
  std::string best;
  std::size_t most = 1;
  Fields fields;
  for (const std::string_view candidate : {"::", ";", ",", "\t", "|"}) {
    const Dialect dialect{std::string(candidate), candidate != "::", false};
    if (lines.size() > 1 && fields.split(lines[1], dialect) && fields.size() < 2) continue;
    if (!fields.split(lines[0], dialect) || fields.size() <= most) continue;
    most = fields.size();
    best = candidate;
  }
  return best;
}

bool starts_with_names(const Fields& row, std::initializer_list<std::string_view> names) {
  if (row.size() < names.size()) return false;
  return std::equal(names.begin(), names.end(), row.begin());
}

// The name by which a delimited layout is known.
std::string known_as(const Layout& layout, const Fields& row) {
  const std::string& separator = layout.dialect.separator;
  if (starts_with_names(row, {"User-ID", "ISBN", "Book-Rating"}) && layout.header)
    return separator == ";" ? "bookcrossing" : "bookcrossing-csv";
  if (starts_with_names(row, {"userId", "movieId", "rating"}) && separator == ",")
    return "movielens-csv";
  if (starts_with_names(row, {"MovieID", "UserID", "Rating"}) && separator == ",")
    return "netflix-csv";
  if (separator == "::") return "movielens-dat";
  if (separator != "\t") return "csv";
  return !layout.header && layout.fields == 4 ? "movielens-100k" : "tsv";
}

std::string fixed_separator(std::string_view format) {
  if (format == "bookcrossing") return ";";
  if (format == "bookcrossing-csv" || format == "movielens-csv" || format == "netflix-csv")
    return ",";
  if (format == "movielens-dat") return "::";
  if (format == "movielens-100k" || format == "tsv") return "\t";
  return "";
}

Error unknown_layout(const std::string& name, std::string_view why) {
  std::string known;
  for (const FormatInfo& info : kFormats) known += fmt::format(" {}", info.name);
  return {Code::kBadData, fmt::format("{}: {}; known formats:{}", name, why, known)};
}

}  // namespace

std::vector<FormatInfo> ratings_formats() {
  return {kFormats.begin(), kFormats.end()};
}

Result<Layout> find_layout(const std::string& name, std::string_view bytes, char newline,
                           const RatingsOptions& options) {
  const bool automatic = options.format == "auto";
  if (!automatic && std::none_of(kFormats.begin(), kFormats.end(), [&](const FormatInfo& info) {
        return info.name == options.format;
      }))
    return Error{Code::kUsage, unknown_layout("format " + options.format, "is not known").message};

  const std::vector<std::string_view> lines = first_lines(bytes, newline);
  if (lines.empty())
    return unknown_layout(name, bytes.empty() ? "the file is empty" : "holds no line of text");

  Layout layout;
  layout.format = options.format;
  const bool columns_given = !options.user_column.empty() || !options.item_column.empty();
  if (options.format == "netflix" || (automatic && is_netflix(lines))) {
    layout.format = "netflix";
    layout.kind = RowKind::kNetflix;
    return layout;
  }
  if (options.format == "lightgcn" || (automatic && !columns_given && is_list(lines))) {
    layout.format = "lightgcn";
    layout.kind = RowKind::kList;
    return layout;
  }
  layout.dialect.separator = automatic ? "" : fixed_separator(options.format);
  if (layout.dialect.separator.empty()) layout.dialect.separator = separator_of(lines);
  if (layout.dialect.separator.empty()) return unknown_layout(name, "the layout is not recognised");
  layout.dialect.quotes = layout.dialect.separator != "::" && layout.dialect.separator != "\t";

  Fields row;
  if (!row.split(lines[0], layout.dialect))
    return unknown_layout(name + ":1", "a quote is not closed in the first line");
  BASCULE_TRY(find_columns(name, row, options, layout));
  if (automatic) layout.format = known_as(layout, row);
  layout.dialect.escape = layout.format == "bookcrossing";
  return layout;
}

}  // namespace bascule
