#include "data/synthetic_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include <bascule/base/file.h>

#include "data/synthetic_names.h"

namespace bascule {
namespace {

constexpr std::uint64_t kUserOrderStream = 401, kItemPlaceStream = 402;
constexpr std::int64_t kUsersPerChunk = 512, kChunksPerRound = 32;

std::vector<std::int32_t> shuffled(std::int64_t count, std::uint64_t seed, std::uint64_t stream) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Philox(seed, stream).shuffle(std::span(order));
  return order;
}

using FormatRow =
    std::function<void(std::string& text, std::int64_t user_place, const SyntheticRow& row)>;

/// Writes one line per row, users in file order, each user's rows by `item_key` ascending. Text is
/// made in parallel, some chunks at a time, and written in order.
Status write_by_user(SyntheticOutput& out, const std::string& name, std::string_view header,
                     const std::vector<std::uint32_t>& item_key, const FormatRow& format_row) {
  const std::vector<std::int32_t> order = user_order(out);
  BASCULE_ASSIGN(AtomicFile file, AtomicFile::create(out.folder + "/" + name));
  BASCULE_TRY(file.write(header));
  const Chunks chunks{out.rows.users(), kUsersPerChunk};
  std::vector<ItemSet> scratch(static_cast<std::size_t>(out.pool.threads()),
                               ItemSet(out.rows.model().items()));
  std::vector<std::string> texts(static_cast<std::size_t>(kChunksPerRound));
  std::vector<std::int64_t> counts(texts.size());
  std::int64_t done = 0;
  for (std::int64_t first = 0; first < chunks.chunks(); first += kChunksPerRound) {
    if (out.cancelled()) return SyntheticOutput::interrupted();
    const std::int64_t round = std::min(kChunksPerRound, chunks.chunks() - first);
    out.pool.run(round, [&](std::int64_t chunk, int thread) {
      std::string& text = texts[static_cast<std::size_t>(chunk)];
      std::int64_t& count = counts[static_cast<std::size_t>(chunk)];
      text.clear();
      count = 0;
      std::vector<SyntheticRow> rows;
      for (std::int64_t u = chunks.begin(first + chunk); u < chunks.end(first + chunk); ++u) {
        out.rows.get(order[static_cast<std::size_t>(u)], scratch[static_cast<std::size_t>(thread)],
                     rows);
        std::sort(rows.begin(), rows.end(), [&](const SyntheticRow& a, const SyntheticRow& b) {
          return item_key[static_cast<std::size_t>(a.item)] <
                 item_key[static_cast<std::size_t>(b.item)];
        });
        for (const SyntheticRow& row : rows) format_row(text, u, row);
        count += static_cast<std::int64_t>(rows.size());
      }
    });
    for (std::int64_t chunk = 0; chunk < round; ++chunk) {
      BASCULE_TRY(file.write(texts[static_cast<std::size_t>(chunk)]));
      done += counts[static_cast<std::size_t>(chunk)];
    }
    if (out.options.progress) out.options.progress(done, out.rows.rows());
  }
  BASCULE_TRY(file.commit());
  out.files.push_back(name);
  return {};
}

std::int32_t group_of(const SyntheticOutput& out, std::int64_t item) {
  const TasteModel& model = out.rows.model();
  return item < model.items() ? model.group_of_item(item)
                              : static_cast<std::int32_t>(item % TasteModel::kMaxGroups);
}

Status write_whole(SyntheticOutput& out, const std::string& name, std::string_view text) {
  BASCULE_TRY(write_atomically(out.folder + "/" + name, text));
  out.files.push_back(name);
  return {};
}

/// Inside number by place.
std::vector<std::int32_t> inverse(const std::vector<std::int32_t>& places) {
  std::vector<std::int32_t> items(places.size());
  for (std::size_t i = 0; i < places.size(); ++i)
    items[static_cast<std::size_t>(places[i])] = static_cast<std::int32_t>(i);
  return items;
}

std::string movie_line(const SyntheticOutput& out, std::int64_t place, std::int32_t item) {
  const SyntheticNames names;
  const std::string title = names.title(item, "\xc3\xa9");
  const std::string year = fmt::format(" ({})", SyntheticNames::year(item));
  const bool quoted = title.find_first_of(",\"") != std::string::npos;
  std::string field = quoted ? "\"" : "";
  for (const char c : title) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  field += year;
  if (quoted) field += '"';
  return fmt::format("{},{},{}\n", place + 1, field, SyntheticNames::genre(group_of(out, item)));
}

std::vector<std::uint32_t> keys_of(const std::vector<std::int32_t>& places) {
  return {places.begin(), places.end()};
}

/// A field of the original dump: `&` as an entity, quotes behind a backslash.
std::string book_field(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '&') {
      text += "&amp;";
    } else {
      if (c == '"') text += '\\';
      text += c;
    }
  }
  return text + '"';
}

}  // namespace

void append_number(std::string& text, std::int64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

std::vector<std::int32_t> user_order(const SyntheticOutput& out) {
  return shuffled(out.rows.users(), out.options.seed, kUserOrderStream);
}

std::vector<std::int32_t> item_places(const SyntheticOutput& out, std::int64_t listed) {
  return shuffled(listed, out.options.seed, kItemPlaceStream);
}

std::int64_t spread_id(std::int64_t n, std::int64_t count, std::int64_t first, std::int64_t span) {
  return first + (count < span ? n * span / count : n);
}

std::vector<std::string> level_texts(const SyntheticRows& rows, bool decimals) {
  std::vector<std::string> texts;
  for (const double level : rows.levels())
    texts.push_back(decimals ? fmt::format("{:.1f}", level) : fmt::format("{}", level));
  return texts;
}

Status write_bookcrossing(SyntheticOutput& out) {
  const TasteModel& model = out.rows.model();
  const std::int32_t star = star_item(model);
  const std::vector<std::uint32_t> cores = isbn_cores(out.rows.items(), star);
  std::vector<std::string> isbns;
  isbns.reserve(cores.size());
  for (const std::uint32_t core : cores) isbns.push_back(isbn10(core));
  const std::vector<std::string> levels = level_texts(out.rows, false);
  const auto format_row = [&](std::string& text, std::int64_t user, const SyntheticRow& row) {
    text += '"';
    append_number(text, spread_id(user, out.rows.users(), 8, 278850));
    text += "\";\"";
    text += isbns[static_cast<std::size_t>(row.item)];
    text += "\";\"";
    text += levels[row.level];
    text += "\"\n";
  };
  BASCULE_TRY(write_by_user(out, "BX-Book-Ratings.csv", "\"User-ID\";\"ISBN\";\"Book-Rating\"\n",
                            cores, format_row));
  std::string books =
      "\"ISBN\";\"Book-Title\";\"Book-Author\";\"Year-Of-Publication\";\"Publisher\";"
      "\"Image-URL-S\";\"Image-URL-M\";\"Image-URL-L\"\n";
  const std::int64_t listed = std::max(out.options.items, out.options.listed_items);
  const SyntheticNames names{star};
  for (std::int64_t item = 0; item < std::min(listed, out.rows.items()); ++item) {
    const std::string& isbn = isbns[static_cast<std::size_t>(item)];
    books += fmt::format("\"{}\";{};{};\"{}\";{}", isbn, book_field(names.title(item, "\xe9")),
                         book_field(SyntheticNames::author(item, group_of(out, item))),
                         SyntheticNames::year(item), book_field(SyntheticNames::publisher(item)));
    for (const char* size : {"THUMBZZZ", "MZZZZZZZ", "LZZZZZZZ"})
      books += fmt::format(";\"http://images.example/P/{}.01.{}.jpg\"", isbn, size);
    books += '\n';
  }
  return write_whole(out, "BX-Books.csv", books);
}

Status write_movielens(SyntheticOutput& out) {
  const std::int64_t listed = std::max(out.options.items, out.options.listed_items);
  const std::vector<std::int32_t> places = item_places(out, listed);
  const std::vector<std::string> levels = level_texts(out.rows, true);
  const auto format_row = [&](std::string& text, std::int64_t user, const SyntheticRow& row) {
    append_number(text, user + 1);
    text += ',';
    append_number(text, places[static_cast<std::size_t>(row.item)] + 1);
    text += ',';
    text += levels[row.level];
    text += ',';
    append_number(text, row.time);
    text += '\n';
  };
  BASCULE_TRY(write_by_user(out, "ratings.csv", "userId,movieId,rating,timestamp\n",
                            keys_of(places), format_row));
  std::string movies = "movieId,title,genres\n";
  const std::vector<std::int32_t> items = inverse(places);
  for (std::size_t place = 0; place < items.size(); ++place)
    movies += movie_line(out, static_cast<std::int64_t>(place), items[place]);
  return write_whole(out, "movies.csv", movies);
}

Status write_csv(SyntheticOutput& out) {
  const std::vector<std::int32_t> places = item_places(out, out.rows.items());
  const std::vector<std::string> levels = level_texts(out.rows, false);
  const auto format_row = [&](std::string& text, std::int64_t user, const SyntheticRow& row) {
    append_number(text, user + 1);
    text += ',';
    append_number(text, places[static_cast<std::size_t>(row.item)] + 1);
    text += ',';
    text += levels[row.level];
    text += ',';
    append_number(text, row.time);
    text += '\n';
  };
  return write_by_user(out, "ratings.csv", "user,item,rating,timestamp\n", keys_of(places),
                       format_row);
}

}  // namespace bascule
