#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/data/synthetic.h>

#include "data/activity.h"
#include "data/synthetic_names.h"
#include "file_text.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

struct Triple {
  std::string user, item, rating;
};

/// Splits plain lines; quotes are dropped, which is enough for ratings.
std::vector<std::vector<std::string>> fields_of(const std::string& path, char separator) {
  std::vector<std::vector<std::string>> lines;
  std::istringstream text(contents_of(path));
  for (std::string line; std::getline(text, line);) {
    line.erase(std::remove(line.begin(), line.end(), '"'), line.end());
    std::istringstream row(line);
    auto& fields = lines.emplace_back();
    for (std::string field; std::getline(row, field, separator);) fields.push_back(field);
  }
  return lines;
}

std::vector<Triple> triples_of(const std::string& path, char separator) {
  std::vector<Triple> rows;
  for (auto& fields : fields_of(path, separator))
    rows.push_back({fields.at(0), fields.at(1), fields.at(2)});
  rows.erase(rows.begin());
  return rows;
}

std::map<std::string, std::int64_t> counts_of(const std::vector<Triple>& rows,
                                              std::string Triple::*column) {
  std::map<std::string, std::int64_t> counts;
  for (const Triple& row : rows) ++counts[row.*column];
  return counts;
}

std::size_t distinct_pairs(const std::vector<Triple>& rows) {
  std::set<std::pair<std::string_view, std::string_view>> pairs;
  for (const Triple& row : rows) pairs.emplace(row.user, row.item);
  return pairs.size();
}

SyntheticOptions sized(std::string_view layout, std::int64_t users, std::int64_t items,
                       std::int64_t ratings, std::uint64_t seed = 1) {
  SyntheticOptions options = synthetic_layout(layout).value();
  options.users = users;
  options.items = items;
  options.ratings = ratings;
  options.seed = seed;
  return options;
}

class Synthetic : public testing::Test {
 protected:
  SyntheticReport make(const SyntheticOptions& options, int threads = 2) {
    ThreadPool pool(threads);
    const auto report = make_synthetic(options, folder_.path(), pool);
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? *report : SyntheticReport{};
  }
  TempFolder folder_;
};

TEST_F(Synthetic, MeetsEveryNumberExactly) {
  struct Case {
    std::int64_t users, items, ratings, least = 1;
  };
  for (const Case& c : {Case{500, 300, 10000},
                        {1, 1, 1},
                        {7, 5, 35},
                        {50, 40, 1999},
                        {3, 200, 200},
                        {200, 3, 200},
                        {1000, 20, 1000},
                        {40, 700, 5000, 100},
                        {2, 3, 6}}) {
    SyntheticOptions options = sized("csv", c.users, c.items, c.ratings);
    options.min_user_ratings = c.least;
    make(options);
    const auto rows = triples_of(folder_ / "ratings.csv", ',');
    EXPECT_EQ(static_cast<std::int64_t>(rows.size()), c.ratings);
    EXPECT_EQ(distinct_pairs(rows), rows.size());
    const auto users = counts_of(rows, &Triple::user);
    EXPECT_EQ(static_cast<std::int64_t>(users.size()), c.users);
    for (const auto& [user, count] : users) EXPECT_GE(count, c.least);
    EXPECT_EQ(static_cast<std::int64_t>(counts_of(rows, &Triple::item).size()), c.items);
    for (const Triple& row : rows) EXPECT_TRUE(row.rating >= "1" && row.rating <= "5");
  }
}

TEST_F(Synthetic, FewerRatingsThanItemsIsAllowed) {
  make(sized("csv", 10, 5000, 30));
  EXPECT_EQ(triples_of(folder_ / "ratings.csv", ',').size(), 30U);
}

TEST_F(Synthetic, DependsOnTheSeedAloneNotOnThreads) {
  for (const char* layout : {"bookcrossing", "movielens", "netflix", "csv"}) {
    const auto bytes = [&](std::uint64_t seed, int threads) {
      std::string all;
      for (const auto& name : make(sized(layout, 3000, 400, 30000, seed), threads).files)
        all += contents_of(folder_ / name);
      return all;
    };
    const std::string first = bytes(1, 1);
    EXPECT_EQ(first, bytes(1, 3)) << layout;
    EXPECT_NE(first, bytes(2, 1)) << layout;
  }
}

TEST_F(Synthetic, PopularityAndActivityHaveLongTails) {
  make(sized("csv", 2000, 1000, 60000));
  const auto rows = triples_of(folder_ / "ratings.csv", ',');
  for (const auto column : {&Triple::user, &Triple::item}) {
    std::vector<std::int64_t> counts;
    for (const auto& [name, count] : counts_of(rows, column)) counts.push_back(count);
    std::sort(counts.rbegin(), counts.rend());
    std::int64_t top = 0;
    for (std::size_t i = 0; i < counts.size() / 10; ++i) top += counts[i];
    EXPECT_GT(top, 60000 / 4);                                 // the first tenth
    EXPECT_GT(counts.front(), 5 * counts[counts.size() / 2]);  // against the median
  }
}

// Leaves one row of each user out and looks for it among ten: by the items rated together with the
// rest of the user's, and by popularity alone.
TEST_F(Synthetic, TasteBeatsPopularity) {
  constexpr int kUsers = 1500, kItems = 400;
  make(sized("csv", kUsers, kItems, 45000));
  std::vector<std::vector<int>> of_user(kUsers);
  for (const Triple& row : triples_of(folder_ / "ratings.csv", ','))
    of_user[static_cast<std::size_t>(std::stoi(row.user) - 1)].push_back(std::stoi(row.item) - 1);
  std::vector<int> held_out(kUsers, -1);
  std::vector<double> count(kItems, 0), together(kItems * kItems, 0);
  for (std::size_t u = 0; u < kUsers; ++u) {
    if (of_user[u].size() < 5) continue;
    const std::size_t out = u * 7 % of_user[u].size();
    held_out[u] = of_user[u][out];
    of_user[u].erase(of_user[u].begin() + static_cast<std::ptrdiff_t>(out));
    for (const int a : of_user[u]) {
      ++count[static_cast<std::size_t>(a)];
      for (const int b : of_user[u])
        ++together[static_cast<std::size_t>(a) * kItems + static_cast<std::size_t>(b)];
    }
  }
  int by_taste = 0, by_popularity = 0;
  for (std::size_t u = 0; u < kUsers; ++u) {
    if (held_out[u] < 0) continue;
    std::vector<double> taste(kItems, 0), popular = count;
    for (std::size_t i = 0; i < kItems; ++i)
      for (const int own : of_user[u])
        taste[i] += together[static_cast<std::size_t>(own) * kItems + i] /
                    std::sqrt((count[i] + 1) * (count[static_cast<std::size_t>(own)] + 1));
    for (const int own : of_user[u])
      taste[static_cast<std::size_t>(own)] = popular[static_cast<std::size_t>(own)] = -1;
    const auto in_top = [&](const std::vector<double>& score) {
      const double mine = score[static_cast<std::size_t>(held_out[u])];
      return std::count_if(score.begin(), score.end(), [&](double s) { return s > mine; }) < 10;
    };
    by_taste += in_top(taste) ? 1 : 0;
    by_popularity += in_top(popular) ? 1 : 0;
  }
  EXPECT_GT(by_popularity, 50);
  EXPECT_GT(by_taste, 2 * by_popularity) << by_popularity;
}

TEST_F(Synthetic, LeavesANoteThatItIs) {
  EXPECT_FALSE(is_synthetic(folder_.path()));
  make(sized("csv", 10, 20, 30));
  EXPECT_TRUE(is_synthetic(folder_.path()));
  EXPECT_TRUE(is_synthetic(folder_ / "ratings.csv"));
  EXPECT_THAT(contents_of(folder_ / "SYNTHETIC.txt"),
              HasSubstr("30 synthetic ratings of 10 users"));
  EXPECT_FALSE(is_synthetic(folder_ / "none/ratings.csv"));
}

TEST_F(Synthetic, MovieLensLayout) {
  SyntheticOptions options = sized("movielens", 100, 50, 2000);
  options.listed_items = 60;
  const auto report = make(options);
  EXPECT_THAT(report.files, UnorderedElementsAre("ratings.csv", "movies.csv"));
  const auto ratings = fields_of(folder_ / "ratings.csv", ',');
  EXPECT_THAT(ratings[0], ElementsAre("userId", "movieId", "rating", "timestamp"));
  std::set<std::string> values;
  for (std::size_t i = 1; i < ratings.size(); ++i) {
    ASSERT_EQ(ratings[i].size(), 4U);
    values.insert(ratings[i][2]);
    const long time = std::stol(ratings[i][3]);
    EXPECT_TRUE(time >= 942278400 && time < 1136073600);
  }
  EXPECT_EQ(values, (std::set<std::string>{"0.5", "1.0", "1.5", "2.0", "2.5", "3.0", "3.5", "4.0",
                                           "4.5", "5.0"}));
  const auto movies = fields_of(folder_ / "movies.csv", ',');
  EXPECT_EQ(movies.size(), 61U);
  EXPECT_THAT(movies[0], ElementsAre("movieId", "title", "genres"));
  EXPECT_EQ(movies[1][0], "1");
}

TEST_F(Synthetic, NetflixLayout) {
  const auto report = make(sized("netflix", 300, 80, 5000));
  EXPECT_THAT(report.files, UnorderedElementsAre("combined_data_1.txt", "combined_data_2.txt",
                                                 "combined_data_3.txt", "combined_data_4.txt",
                                                 "movie_titles.csv"));
  int film = 0, rows = 0;
  std::set<std::pair<int, std::string>> pairs;
  for (int part = 1; part <= 4; ++part) {
    const std::string name = fmt::format("combined_data_{}.txt", part);
    for (const auto& fields : fields_of(folder_ / name, ',')) {
      if (fields.size() == 1) {
        EXPECT_EQ(fields[0], fmt::format("{}:", ++film));
        continue;
      }
      ASSERT_EQ(fields.size(), 3U);
      pairs.emplace(film, fields[0]);
      ++rows;
      EXPECT_TRUE(fields[2] >= "1999-11-11" && fields[2] <= "2005-12-31") << fields[2];
    }
  }
  EXPECT_EQ(film, 80);
  EXPECT_EQ(rows, 5000);
  EXPECT_EQ(pairs.size(), 5000U);
  EXPECT_EQ(fields_of(folder_ / "movie_titles.csv", ',').size(), 80U);
}

int isbn_remainder(const std::string& isbn) {
  int sum = 0;
  for (int i = 0; i < 10; ++i) {
    const char c = isbn[static_cast<std::size_t>(i)];
    sum += (10 - i) * (c == 'X' ? 10 : c - '0');
  }
  return sum % 11;
}

TEST_F(Synthetic, FullBookCrossingHasTheDocumentedNumbers) {
  const auto report = make(synthetic_preset("bookcrossing").value());
  EXPECT_EQ(report.rows, 1149780);
  const auto rows = triples_of(folder_ / "BX-Book-Ratings.csv", ';');
  ASSERT_EQ(rows.size(), 1149780U);
  EXPECT_EQ(distinct_pairs(rows), rows.size());
  EXPECT_EQ(counts_of(rows, &Triple::user).size(), 105283U);
  const auto isbns = counts_of(rows, &Triple::item);
  EXPECT_EQ(isbns.size(), 340556U);
  std::vector<Triple> high;
  for (const Triple& row : rows)
    if (std::stoi(row.rating) > 5) high.push_back(row);
  const auto per_isbn = counts_of(high, &Triple::item);
  std::vector<Triple> kept;
  for (const Triple& row : high)
    if (per_isbn.at(row.item) > 2) kept.push_back(row);
  EXPECT_EQ(kept.size(), 207073U);
  EXPECT_EQ(counts_of(kept, &Triple::item).size(), 25159U);
  EXPECT_EQ(counts_of(kept, &Triple::user).size(), 50180U);
  EXPECT_EQ(per_isbn.at("059035342X"), 298);
  // Readers of the star share more of the first sequel than of any other popular book.
  std::set<std::string> readers;
  for (const Triple& row : kept)
    if (row.item == "059035342X") readers.insert(row.user);
  std::map<std::string, int> shared;
  for (const Triple& row : kept) shared[row.item] += readers.contains(row.user) ? 1 : 0;
  std::vector<std::pair<int, std::string>> order;
  order.reserve(shared.size());
  for (const auto& [item, count] : shared) order.emplace_back(count, item);
  std::sort(order.rbegin(), order.rend());
  EXPECT_THAT((std::vector<std::string>{order[1].second, order[2].second, order[3].second,
                                        order[4].second}),
              UnorderedElementsAre("0439064872", "0439136369", "0439139600", "043935806X"));
  const std::string books = contents_of(folder_ / "BX-Books.csv");
  EXPECT_EQ(std::count(books.begin(), books.end(), '\n'), 271380);
  EXPECT_THAT(books.substr(0, 5000),
              HasSubstr("\"059035342X\";\"Harry Potter and the Sorcerer's Stone (synthetic)\";"));
  EXPECT_NE(books.find("Caf\xe9"), std::string::npos);  // ISO-8859-1
  EXPECT_NE(books.find("\\\""), std::string::npos);
  EXPECT_NE(books.find("&amp;"), std::string::npos);
  for (const auto& [isbn, count] : isbns) {
    ASSERT_EQ(isbn.size(), 10U);
    ASSERT_EQ(isbn_remainder(isbn), 0) << isbn;
  }
}

TEST_F(Synthetic, SmallBookCrossingHasTheStar) {
  make(sized("bookcrossing", 500, 300, 6000));
  const auto rows = triples_of(folder_ / "BX-Book-Ratings.csv", ';');
  EXPECT_GT(counts_of(rows, &Triple::item)["059035342X"], 20);
}

TEST(SyntheticNames, CheckDigits) {
  EXPECT_EQ(isbn10(59035342), "059035342X");
  EXPECT_EQ(isbn10(43906487), "0439064872");
  EXPECT_EQ(isbn10(1), "0000000019");
  const auto cores = isbn_cores(300000, 5);
  EXPECT_EQ(std::set<std::uint32_t>(cores.begin(), cores.end()).size(), 300000U);
}

TEST(SyntheticNames, TitlesAreDistinct) {
  const SyntheticNames names{5};
  std::set<std::string> titles;
  for (int i = 0; i < 100000; ++i) titles.insert(names.title(i, "e"));
  EXPECT_EQ(titles.size(), 100000U);
}

TEST(SyntheticActivity, SumsAndBoundsHold) {
  for (const auto& [users, total, least, most] : std::vector<std::array<std::int64_t, 4>>{
           {100, 1000, 1, 50}, {10, 10, 1, 9}, {10, 90, 1, 9}, {5, 0, 0, 3}, {7, 100, 0, 90}}) {
    const auto counts = spread_activity(users, {total, least, most, 1.5, 1, 1});
    EXPECT_EQ(running_sums(counts).back(), total);
    EXPECT_GE(*std::min_element(counts.begin(), counts.end()), least);
    EXPECT_LE(*std::max_element(counts.begin(), counts.end()), most);
  }
}

TEST_F(Synthetic, RefusesTheImpossible) {
  const auto refused = [&](const SyntheticOptions& options) {
    const auto report = make_synthetic(options, folder_ / "none");
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, Code::kUsage) << report.error().message;
  };
  refused(sized("csv", 10, 10, 101));
  refused(sized("csv", 10, 10, 9));
  refused(sized("csv", 0, 10, 10));
  refused(sized("csv", 10, -1, 10));
  refused(sized("csv", std::int64_t{1} << 60, 10, 10));
  SyntheticOptions options = sized("csv", 10, 10, 50);
  options.min_user_ratings = 6;
  refused(options);
  options = sized("csv", 10, 10, 50);
  options.step = 0;
  refused(options);
  options = sized("bookcrossing", 10, 10, 50);
  options.full_bookcrossing = true;
  refused(options);
  EXPECT_FALSE(synthetic_preset("ml-30m").ok());
  EXPECT_FALSE(synthetic_layout("parquet").ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none"));
}

TEST_F(Synthetic, StopsWhenTold) {
  for (const char* layout : {"csv", "netflix"}) {
    std::atomic<bool> cancel{true};
    SyntheticOptions options = sized(layout, 100, 50, 1000);
    options.cancel = &cancel;
    const auto report = make_synthetic(options, folder_.path());
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, Code::kInterrupted);
    EXPECT_EQ(folder_.entries(), 0);
  }
}

TEST(SyntheticPreset, HasTheSizesOfTheRealSets) {
  const auto ml = synthetic_preset("ml-20m").value();
  EXPECT_EQ(ml.ratings, 20000263);
  EXPECT_EQ(ml.users, 138493);
  EXPECT_EQ(ml.items, 26744);
  EXPECT_EQ(ml.listed_items, 27278);
  const auto netflix = synthetic_preset("netflix").value();
  EXPECT_EQ(netflix.ratings, 100480507);
  EXPECT_EQ(netflix.users, 480189);
  EXPECT_EQ(netflix.items, 17770);
}

}  // namespace
}  // namespace bascule
