// Counts of the real sets, as their documentation and data/README.md give them.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include <bascule/data/inspect.h>
#include <bascule/data/prepare.h>
#include <bascule/data/ratings.h>
#include <bascule/data/titles.h>

namespace bascule {
namespace {

class RealRatings : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* root = std::getenv("BASCULE_DATA");
    if (root == nullptr) GTEST_SKIP() << "BASCULE_DATA is not set";
    root_ = root;
  }
  // The path of a set, or empty (and the test is to be skipped) when it is not there.
  std::string path(const std::string& name) const {
    const std::filesystem::path path = std::filesystem::path(root_) / name;
    for (const char* suffix : {"", ".xz", ".gz", ".zst"})
      if (std::filesystem::exists(path.string() + suffix)) return path.string() + suffix;
    return {};
  }
  std::string root_;
};

#define REQUIRE_FOUND(found, name) \
  if ((found).empty()) GTEST_SKIP() << (name) << " is not in BASCULE_DATA"

TEST_F(RealRatings, BookCrossingAsTheArticlePreparesIt) {
  const std::string folder = path("bookcrossing");
  REQUIRE_FOUND(folder, "bookcrossing");
  RatingsOptions options;
  options.min_rating = 6;
  const auto ratings = read_ratings(folder, options);
  ASSERT_TRUE(ratings.ok()) << ratings.error().message;
  EXPECT_EQ(ratings->report.format, "bookcrossing");
  EXPECT_EQ(ratings->report.rows, 230936);
  EXPECT_EQ(ratings->report.good, 230936);
  EXPECT_EQ(ratings->report.kept, 198175);
  EXPECT_EQ(ratings->interactions.items.size(), 27025);
  PrepareOptions steps;
  steps.min_item_ratings = 3;
  const auto prepared = prepare(ratings->interactions, steps);
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  const Dataset& data = prepared->data;
  EXPECT_EQ(data.matrix.nonzeros(), 190528);
  EXPECT_EQ(data.items.size(), 22770);
  EXPECT_EQ(data.users.size(), 45833);
  EXPECT_EQ(prepared->report.duplicates, 0);
  double sum = 0;
  double squares = 0;
  std::vector<std::int64_t> per_item(22770, 0);
  for (std::size_t e = 0; e < data.matrix.values().size(); ++e) {
    const double value = data.matrix.values()[e];
    sum += value;
    squares += value * value;
    ++per_item[static_cast<std::size_t>(data.matrix.indices()[e])];
  }
  EXPECT_EQ(sum, 1571035);
  EXPECT_EQ(squares, 13254859);
  EXPECT_EQ(per_item[static_cast<std::size_t>(*data.items.find("0316666343"))], 635);
  EXPECT_EQ(*std::max_element(per_item.begin(), per_item.end()), 635);
  EXPECT_EQ(*std::min_element(per_item.begin(), per_item.end()), 3);
  EXPECT_EQ(data.matrix.view().length(*data.users.find("11676")), 3386);
}

TEST_F(RealRatings, BookCrossingWithCommas) {
  const std::string file = path("bookcrossing/BX-Ratings.csv");
  REQUIRE_FOUND(file, "bookcrossing/BX-Ratings.csv");
  const auto inspection = inspect(file);
  ASSERT_TRUE(inspection.ok()) << inspection.error().message;
  EXPECT_EQ(inspection->report.format, "bookcrossing-csv");
  EXPECT_EQ(inspection->report.rows, 204164);
  EXPECT_EQ(inspection->users, 48299);
  EXPECT_EQ(inspection->items, 18185);
  EXPECT_EQ(inspection->duplicates, 0);
  EXPECT_FALSE(inspection->has_time);
}

TEST_F(RealRatings, BookCrossingHistogramAndPandasMode) {
  const std::string folder = path("bookcrossing");
  REQUIRE_FOUND(folder, "bookcrossing");
  for (const bool pandas : {false, true}) {
    RatingsOptions options;
    options.pandas_compatible = pandas;
    const auto inspection = inspect(folder, options);
    ASSERT_TRUE(inspection.ok()) << inspection.error().message;
    EXPECT_EQ(inspection->report.rows, 230936);
    EXPECT_EQ(inspection->report.malformed_rows(), 0);
    EXPECT_EQ(inspection->users, 51759);
    EXPECT_EQ(inspection->items, 27109);
    const std::map<float, std::int64_t> wanted = {{1, 810},   {2, 1353},  {3, 2958},  {4, 4395},
                                                  {5, 23245}, {6, 18534}, {7, 40283}, {8, 57616},
                                                  {9, 38980}, {10, 42762}};
    EXPECT_EQ(inspection->histogram, wanted);
  }
}

TEST_F(RealRatings, BookTables) {
  const std::string file = path("bookcrossing/layout/BX-Books.csv");
  REQUIRE_FOUND(file, "bookcrossing/layout/BX-Books.csv");
  const auto all = read_titles(file);
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_EQ(all->report.rows, 27109);
  EXPECT_EQ(all->ids.size(), 27109);
  EXPECT_EQ(all->report.malformed_rows(), 0);
  EXPECT_EQ(all->find("059035342X"),
            "Harry Potter and the Sorcerer's Stone (Harry Potter (Paperback))");

  const auto pandas = read_titles(file, true);
  ASSERT_TRUE(pandas.ok()) << pandas.error().message;
  EXPECT_EQ(pandas->report.rows, 27109);
  EXPECT_EQ(pandas->report.good, 27108);
  ASSERT_EQ(pandas->report.malformed.count("too_many_fields"), 1U);
  EXPECT_EQ(pandas->report.malformed.at("too_many_fields").examples.at(0).line, 16580);

  const auto beside = read_titles_beside(root_ + "/bookcrossing");
  ASSERT_TRUE(beside.ok());
  EXPECT_EQ(beside->ids.size(), 27109);
}

TEST_F(RealRatings, BookTableTitlesEqualTheSource) {
  const std::string file = path("bookcrossing/layout/BX-Books.csv");
  REQUIRE_FOUND(file, "bookcrossing/layout/BX-Books.csv");
  const std::string source = path("bookcrossing/BX-NewBooks.csv");
  REQUIRE_FOUND(source, "bookcrossing/BX-NewBooks.csv");
  const auto layout = read_titles(file, true);  // in the encoding in which the layout was written
  const auto commas = read_titles(source);
  ASSERT_TRUE(layout.ok() && commas.ok());
  EXPECT_EQ(commas->ids.size(), 8924);
  std::int64_t equal = 0;
  for (std::int32_t i = 0; i < commas->ids.size(); ++i) {
    std::string title = commas->titles[static_cast<std::size_t>(i)];
    for (std::size_t at = 0; (at = title.find('&', at)) != std::string::npos; at += 5)
      title.replace(at, 1, "&amp;");
    equal += layout->find(commas->ids[i]) == title;
  }
  // Titles with a quote inside differ: the article's call keeps the backslash.
  EXPECT_GE(equal, 8924 - 60);
}

TEST_F(RealRatings, MalformedExamples) {
  const std::string file = path("bookcrossing/layout/malformed-examples.csv");
  REQUIRE_FOUND(file, "bookcrossing/layout/malformed-examples.csv");
  const auto pandas = read_titles(file, true);
  ASSERT_TRUE(pandas.ok()) << pandas.error().message;
  EXPECT_EQ(pandas->report.good, 9);
  const auto& skipped = pandas->report.malformed.at("too_many_fields");
  ASSERT_EQ(skipped.count, 2);
  EXPECT_EQ(skipped.examples[0].line, 5);
  EXPECT_EQ(skipped.examples[1].line, 6);
  // Two rows are shifted: their titles swallowed the author.
  EXPECT_EQ(
      pandas->find("2070426769"),
      "Peuple du ciel, suivi de 'Les Bergers\\\";Jean-Marie Gustave Le Cl\xc3\x83\xc2\xa9zio\"");

  const auto all = read_titles(file);
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_EQ(all->report.rows, 11);
  EXPECT_EQ(all->report.good, 10);
  EXPECT_EQ(all->duplicates, 1);
  EXPECT_EQ(all->report.malformed.at("too_few_fields").examples[0].line, 11);
  EXPECT_EQ(all->find("0000000001"), "A plain title");
  EXPECT_EQ(all->find("0000000003"), "\"O\" Is for Outlaw");
  EXPECT_EQ(all->find("2070426769"), "Peuple du ciel, suivi de 'Les Bergers\"");
}

struct Counts {
  const char* path;
  const char* format;
  std::int64_t rows, users, items;
  bool has_time;
};

TEST_F(RealRatings, OtherSets) {
  for (const Counts& c :
       {Counts{"movielens/ml-100k", "movielens-100k", 100000, 943, 1682, true},
        Counts{"movielens/ml-latest-small", "movielens-csv", 100836, 610, 9724, true},
        Counts{"movielens/ml-20m-sample", "movielens-csv", 1000, 28, 309, true},
        Counts{"movielens/ml-1m-ge3", "lightgcn", 836478, 6039, 3628, false},
        Counts{"gowalla", "lightgcn", 1027370, 29858, 40981, false},
        Counts{"netflix", "netflix-csv", 10000, 9687, 3451, true},
        Counts{"netflix/layout", "netflix", 10000, 9687, 3451, true}}) {
    if (path(c.path).empty()) continue;
    const auto inspection = inspect(path(c.path));
    ASSERT_TRUE(inspection.ok()) << inspection.error().message;
    EXPECT_EQ(inspection->report.format, c.format) << c.path;
    EXPECT_EQ(inspection->report.rows, c.rows) << c.path;
    EXPECT_EQ(inspection->report.malformed_rows(), 0) << c.path;
    EXPECT_EQ(inspection->users, c.users) << c.path;
    EXPECT_EQ(inspection->items, c.items) << c.path;
    EXPECT_EQ(inspection->duplicates, 0) << c.path;
    EXPECT_EQ(inspection->has_time, c.has_time) << c.path;
  }
}

TEST_F(RealRatings, Histograms) {
  const std::string movielens = path("movielens/ml-100k/u.data");
  REQUIRE_FOUND(movielens, "movielens/ml-100k/u.data");
  const auto ml = inspect(movielens);
  ASSERT_TRUE(ml.ok());
  EXPECT_EQ(ml->histogram, (std::map<float, std::int64_t>{
                               {1, 6110}, {2, 11370}, {3, 27145}, {4, 34174}, {5, 21201}}));
  const std::string netflix = path("netflix/layout/combined_data_sample.txt");
  REQUIRE_FOUND(netflix, "netflix/layout/combined_data_sample.txt");
  const auto blocks = inspect(netflix);
  ASSERT_TRUE(blocks.ok());
  EXPECT_EQ(blocks->histogram,
            (std::map<float, std::int64_t>{{1, 453}, {2, 1028}, {3, 2890}, {4, 3410}, {5, 2219}}));
}

TEST_F(RealRatings, PartsOfASet) {
  const std::string folder = path("movielens/ml-1m-ge3");
  REQUIRE_FOUND(folder, "movielens/ml-1m-ge3");
  for (const auto& [part, pairs] :
       std::map<std::string, std::int64_t>{{"train", 590733}, {"valid", 80897}, {"test", 164848}}) {
    RatingsOptions options;
    options.part = part;
    const auto ratings = read_ratings(folder, options);
    ASSERT_TRUE(ratings.ok()) << ratings.error().message;
    EXPECT_EQ(ratings->report.kept, pairs) << part;
  }
}

TEST_F(RealRatings, FilmTitles) {
  const struct {
    const char* path;
    std::int32_t titles;
    const char* id;
    const char* title;
  } cases[] = {{"movielens/ml-100k", 1682, "1", "Toy Story (1995)"},
               {"movielens/ml-latest-small", 9742, "1", "Toy Story (1995)"},
               {"netflix", 17770, "72", "At Home Among Strangers, A Stranger Among His Own"}};
  for (const auto& c : cases) {
    if (path(c.path).empty()) continue;
    const auto titles = read_titles_beside(path(c.path));
    ASSERT_TRUE(titles.ok()) << titles.error().message;
    EXPECT_EQ(titles->ids.size(), c.titles) << c.path;
    EXPECT_EQ(titles->find(c.id), c.title);
    EXPECT_EQ(titles->report.malformed_rows(), 0) << c.path;
  }
}

}  // namespace
}  // namespace bascule
