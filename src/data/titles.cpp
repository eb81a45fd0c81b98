#include <filesystem>
#include <utility>

#include <bascule/data/titles.h>

#include "data/careful_rows.h"
#include "data/folder.h"
#include "data/pandas_tokenizer.h"
#include "data/source.h"
#include "data/text.h"
#include "data/title_layout.h"

namespace bascule {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxBytes = std::int64_t{8} << 30;

class TitleReader {
 public:
  TitleReader(const TitleLayout& layout, Encoding encoding, Titles& titles)
      : layout_(layout), encoding_(encoding), titles_(titles) {}

  Flaw take(std::string_view id, std::string_view title) {
    if (const Flaw flaw = id_flaw(id); flaw != Flaw::kCount) return flaw;
    ++titles_.report.good;
    const std::int32_t before = titles_.ids.size();
    if (titles_.ids.intern(to_utf8(id, encoding_)) == before) {
      titles_.titles.push_back(to_utf8(title, encoding_));
    } else {
      ++titles_.duplicates;
    }
    return Flaw::kCount;
  }

  void read(std::string_view text, char newline) {
    CarefulRows careful(layout_.dialect, layout_.fields, newline, true);
    const auto take_fields = [&](const Fields& fields, bool joined) {
      const std::string_view id = fields[static_cast<std::size_t>(layout_.id)];
      const std::string_view title = fields[static_cast<std::size_t>(layout_.title)];
      // Neither runs over lines: that is a stray quote which would eat the rows that follow.
      if (joined && (id.find(newline) != std::string_view::npos ||
                     title.find(newline) != std::string_view::npos))
        return Flaw::kUnclosedQuote;
      return take(id, title);
    };
    std::int64_t line = 0;
    bool header = layout_.header;
    while (!text.empty()) {
      CarefulRows::Step step = careful.read(text, [&](const Fields& fields, bool joined) {
        return header ? Flaw::kCount : take_fields(fields, joined);
      });
      if (layout_.title_to_end && step.flaw == Flaw::kTooManyFields)
        step.flaw = take_line(step.text);
      if (!step.text.empty() && std::exchange(header, false)) step.flaw = Flaw::kCount;
      if (step.flaw != Flaw::kCount) flaws_.add(step.flaw, line + 1, step.text);
      line += step.lines;
      text.remove_prefix(static_cast<std::size_t>(step.next - text.data()));
    }
  }

  // False when pandas refuses the file.
  bool read_as_pandas(std::string_view text) {
    PandasTokenizer tokenizer(text, layout_.dialect.separator[0], layout_.header);
    PandasRow row;
    bool header = layout_.header;
    while (tokenizer.next(row)) {
      if (std::exchange(header, false)) continue;
      const Flaw flaw = row.skipped ? Flaw::kTooManyFields
                                    : take(row[static_cast<std::size_t>(layout_.id)],
                                           row[static_cast<std::size_t>(layout_.title)]);
      if (flaw != Flaw::kCount) flaws_.add(flaw, row.line, row.text);
    }
    return !tokenizer.open_quote();
  }

  void report() {
    ReadReport& report = titles_.report;
    flaws_.report(report.files.front(), 0, report);
    report.rows = report.good + flaws_.total();
    report.kept = report.good - titles_.duplicates;
  }

 private:
  // A Netflix line whose title holds the separator.
  Flaw take_line(std::string_view line) {
    std::size_t start = 0;
    for (int column = 0; column < layout_.title; ++column)
      start = line.find(layout_.dialect.separator, start) + 1;
    return take(line.substr(0, line.find(layout_.dialect.separator)), line.substr(start));
  }

  const TitleLayout& layout_;
  Encoding encoding_;
  Titles& titles_;
  FlawLog flaws_;
};

}  // namespace

std::string_view Titles::find(std::string_view id) const {
  const auto index = ids.find(id);
  return index ? std::string_view(titles[static_cast<std::size_t>(*index)]) : std::string_view();
}

Result<Titles> read_titles(const std::string& path, bool pandas_compatible) {
  BASCULE_ASSIGN(const Source source, Source::open(path, kMaxBytes));
  BASCULE_ASSIGN(const std::string_view text, without_bom(path, source.bytes()));
  const char newline = newline_of(text);
  BASCULE_ASSIGN(const TitleLayout layout, find_title_layout(path, text, newline));
  Titles titles;
  Encoding encoding = detect_encoding(text);
  const bool pandas = pandas_compatible && layout.dialect.quotes;
  // The call that the mode stands for names this encoding.
  if (pandas && layout.format == "bookcrossing" && encoding == Encoding::kUtf8)
    encoding = Encoding::kLatin1;
  titles.report.format = layout.format;
  titles.report.encoding = encoding_name(encoding);
  titles.report.files = {path};
  TitleReader reader(layout, encoding, titles);
  if (!pandas) {
    reader.read(text, newline);
  } else if (!reader.read_as_pandas(text)) {
    return Error{Code::kBadData, path + ": ends inside a quoted field; pandas refuses it"};
  }
  reader.report();
  return titles;
}

Result<Titles> read_titles_beside(const std::string& ratings_path, bool pandas_compatible) {
  std::error_code error;
  const fs::path path(ratings_path);
  const bool is_folder = fs::is_directory(path, error);
  const std::string folder = is_folder ? path.string() : path.parent_path().string();
  const std::string ratings = is_folder ? "" : path.filename().string();

  // The dump of BookCrossing has one table of books, its comma form two.
  std::vector<std::string> names = {"movies.dat",         "movies.csv",       "u.item",
                                    "movie_titles.txt",   "movie_titles.csv", "movie-titles.csv",
                                    "../movie-titles.csv"};
  std::vector<std::string> books = {"BX-Books.csv"};
  if (is_folder && !find_file(folder, "layout/BX-Book-Ratings.csv").empty() &&
      find_file(folder, "BX-Book-Ratings.csv").empty())
    books = {"layout/BX-Books.csv"};
  else if (!ratings.starts_with("BX-Book-Ratings"))
    books.emplace_back("BX-NewBooks.csv");

  Titles all;
  for (const std::string& name : books) {
    const std::string file = find_file(folder, name);
    if (file.empty()) continue;
    BASCULE_ASSIGN(Titles titles, read_titles(file, pandas_compatible));
    if (all.report.files.empty()) {
      all = std::move(titles);
      continue;
    }
    for (std::int32_t i = 0; i < titles.ids.size(); ++i) {
      const std::int32_t before = all.ids.size();
      if (all.ids.intern(titles.ids[i]) == before)
        all.titles.push_back(std::move(titles.titles[static_cast<std::size_t>(i)]));
      else
        ++all.duplicates;
    }
    all.duplicates += titles.duplicates;
    all.report.files.push_back(file);
    all.report.rows += titles.report.rows;
    all.report.good += titles.report.good;
    for (const auto& [kind, malformed] : titles.report.malformed) {
      Malformed& entry = all.report.malformed[kind];
      entry.count += malformed.count;
      for (const auto& example : malformed.examples)
        if (entry.examples.size() < kExamples) entry.examples.push_back(example);
    }
    all.report.kept = all.report.good - all.duplicates;
  }
  if (!all.report.files.empty()) return all;
  for (const std::string& name : names)
    if (const std::string file = find_file(folder, name); !file.empty())
      return read_titles(file, pandas_compatible);
  return all;
}

}  // namespace bascule
