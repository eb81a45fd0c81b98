// The layout of the Netflix Prize goes film by film, so rows made user by user are turned round in
// memory: 14 bytes a row, 1.4 GB at full size.
#include <algorithm>
#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include <bascule/base/file.h>

#include "data/activity.h"
#include "data/synthetic_files.h"
#include "data/synthetic_names.h"

namespace bascule {
namespace {

constexpr std::int64_t kUsersPerChunk = 512, kFilmsPerChunk = 32, kChunksPerRound = 32;
constexpr std::uint32_t kSecondsPerDay = 86400;
// The published files end with these films of 17,770.
constexpr std::int64_t kFilms = 17770;
constexpr std::int64_t kFileEnds[] = {4499, 9210, 13367, kFilms};

/// Rows as columns, in one order or the other.
struct Columns {
  explicit Columns(std::int64_t rows)
      : other(static_cast<std::size_t>(rows)),
        day(static_cast<std::size_t>(rows)),
        level(static_cast<std::size_t>(rows)) {}
  std::vector<std::int32_t> other;  // film place, or user place
  std::vector<std::uint16_t> day;
  std::vector<std::uint8_t> level;
};

struct ByFilm {
  Columns columns;
  std::vector<std::int64_t> begin;  // by film place
};

ByFilm turn_round(SyntheticOutput& out, const std::vector<std::int32_t>& places) {
  const std::vector<std::int32_t> order = user_order(out);
  std::vector<std::int64_t> degree;
  degree.reserve(order.size());
  for (const std::int32_t user : order) degree.push_back(out.rows.rows_of_user(user));
  const std::vector<std::int64_t> begin = running_sums(degree);
  Columns by_user(out.rows.rows());
  std::vector<ItemSet> scratch(static_cast<std::size_t>(out.pool.threads()),
                               ItemSet(out.rows.model().items()));
  const Chunks chunks{out.rows.users(), kUsersPerChunk};
  out.pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    if (out.cancelled()) return;
    std::vector<SyntheticRow> rows;
    for (std::int64_t u = chunks.begin(chunk); u < chunks.end(chunk); ++u) {
      out.rows.get(order[static_cast<std::size_t>(u)], scratch[static_cast<std::size_t>(thread)],
                   rows);
      auto at = static_cast<std::size_t>(begin[static_cast<std::size_t>(u)]);
      for (const SyntheticRow& row : rows) {
        by_user.other[at] = places[static_cast<std::size_t>(row.item)];
        by_user.day[at] = static_cast<std::uint16_t>(row.time / kSecondsPerDay);
        by_user.level[at++] = row.level;
      }
    }
  });
  std::vector<std::int64_t> counts(places.size(), 0);
  for (const std::int32_t film : by_user.other) ++counts[static_cast<std::size_t>(film)];
  ByFilm result{Columns(out.rows.rows()), running_sums(counts)};
  std::vector<std::int64_t> next = result.begin;
  for (std::size_t u = 0; u < degree.size(); ++u) {
    for (auto at = static_cast<std::size_t>(begin[u]); at < static_cast<std::size_t>(begin[u + 1]);
         ++at) {
      const auto to = static_cast<std::size_t>(next[static_cast<std::size_t>(by_user.other[at])]++);
      result.columns.other[to] = static_cast<std::int32_t>(u);
      result.columns.day[to] = by_user.day[at];
      result.columns.level[to] = by_user.level[at];
    }
  }
  return result;
}

/// ",YYYY-MM-DD\n" by day since 1970, from the first day that occurs.
std::vector<std::string> date_texts() {
  std::vector<std::string> texts;
  for (std::uint32_t day = kFirstTime / kSecondsPerDay; day <= kLastTime / kSecondsPerDay; ++day) {
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(static_cast<int>(day)))};
    texts.push_back(fmt::format(",{:04}-{:02}-{:02}\n", static_cast<int>(date.year()),
                                static_cast<unsigned>(date.month()),
                                static_cast<unsigned>(date.day())));
  }
  return texts;
}

class FilmWriter {
 public:
  FilmWriter(SyntheticOutput& out, const ByFilm& films)
      : out_(out), films_(films), levels_(level_texts(out.rows, false)), dates_(date_texts()) {
    for (std::int64_t u = 0; u < out.rows.users(); ++u)
      users_.push_back(fmt::format("{},", spread_id(u, out.rows.users(), 6, 2649424)));
  }

  Status write(const std::string& name, std::int64_t first_film, std::int64_t end_film) {
    BASCULE_ASSIGN(AtomicFile file, AtomicFile::create(out_.folder + "/" + name));
    const Chunks chunks{end_film - first_film, kFilmsPerChunk};
    std::vector<std::string> texts(static_cast<std::size_t>(kChunksPerRound));
    for (std::int64_t first = 0; first < chunks.chunks(); first += kChunksPerRound) {
      if (out_.cancelled()) return SyntheticOutput::interrupted();
      const std::int64_t round = std::min(kChunksPerRound, chunks.chunks() - first);
      out_.pool.run(round, [&](std::int64_t chunk, int) {
        std::string& text = texts[static_cast<std::size_t>(chunk)];
        text.clear();
        for (std::int64_t f = chunks.begin(first + chunk); f < chunks.end(first + chunk); ++f)
          append_film(text, static_cast<std::size_t>(first_film + f));
      });
      for (std::int64_t chunk = 0; chunk < round; ++chunk)
        BASCULE_TRY(file.write(texts[static_cast<std::size_t>(chunk)]));
      const std::int64_t done = first_film + chunks.end(first + round - 1);
      if (out_.options.progress)
        out_.options.progress(films_.begin[static_cast<std::size_t>(done)], out_.rows.rows());
    }
    BASCULE_TRY(file.commit());
    out_.files.push_back(name);
    return {};
  }

 private:
  void append_film(std::string& text, std::size_t film) const {
    append_number(text, static_cast<std::int64_t>(film) + 1);
    text += ":\n";
    const auto end = static_cast<std::size_t>(films_.begin[film + 1]);
    for (auto at = static_cast<std::size_t>(films_.begin[film]); at < end; ++at) {
      text += users_[static_cast<std::size_t>(films_.columns.other[at])];
      text += levels_[films_.columns.level[at]];
      text += dates_[films_.columns.day[at] - kFirstTime / kSecondsPerDay];
    }
  }

  SyntheticOutput& out_;
  const ByFilm& films_;
  std::vector<std::string> levels_, dates_, users_;
};

}  // namespace

Status write_netflix(SyntheticOutput& out) {
  const std::vector<std::int32_t> places = item_places(out, out.rows.items());
  const ByFilm films = turn_round(out, places);
  if (out.cancelled()) return SyntheticOutput::interrupted();
  FilmWriter writer(out, films);
  std::int64_t first = 0;
  int number = 1;
  for (const std::int64_t end_of_full : kFileEnds) {
    const std::int64_t end = end_of_full * out.rows.items() / kFilms;
    if (end == first) continue;
    BASCULE_TRY(writer.write(fmt::format("combined_data_{}.txt", number++), first, end));
    first = end;
  }
  std::vector<std::int32_t> items(places.size());
  for (std::size_t i = 0; i < places.size(); ++i)
    items[static_cast<std::size_t>(places[i])] = static_cast<std::int32_t>(i);
  std::string titles;
  const SyntheticNames names;
  for (std::size_t place = 0; place < items.size(); ++place)
    titles += fmt::format("{},{},{}\n", place + 1, SyntheticNames::year(items[place]),
                          names.title(items[place], "\xe9"));
  BASCULE_TRY(write_atomically(out.folder + "/movie_titles.csv", titles));
  out.files.emplace_back("movie_titles.csv");
  return {};
}

}  // namespace bascule
