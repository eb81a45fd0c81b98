#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/data/ratings.h>

#include "data/read.h"

namespace bascule {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Ratings> read(std::string_view bytes, const RatingsOptions& options = {}, int threads = 2) {
  ThreadPool pool(threads);
  return read_ratings_from_memory("test.csv", bytes, options, pool);
}

std::vector<std::string> rows_of(const Ratings& ratings) {
  const Interactions& in = ratings.interactions;
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < in.user.size(); ++i) {
    rows.push_back(
        fmt::format("{} {} {}", in.users[in.user[i]], in.items[in.item[i]], in.value[i]));
    if (!in.time.empty()) rows.back() += fmt::format(" {}", in.time[i]);
  }
  return rows;
}

std::vector<std::string> ids_of(const IdTable& table) {
  std::vector<std::string> ids;
  ids.reserve(static_cast<std::size_t>(table.size()));
  for (std::int32_t i = 0; i < table.size(); ++i) ids.emplace_back(table[i]);
  return ids;
}

std::map<std::string, std::int64_t> malformed_of(const Ratings& ratings) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [kind, entry] : ratings.report.malformed) counts[kind] = entry.count;
  return counts;
}

TEST(Ratings, BookCrossingKeepsIdsAndReadsEscapes) {
  const auto ratings = read(
      "\"User-ID\";\"ISBN\";\"Book-Rating\"\n"
      "\"276744\";\"038550120X\";\"7\"\n"
      "\"007\";\"\\\"0432534220\\\"\";\"10\"\n"
      "\"276744\";\"0;1\";\"0\"\n");
  ASSERT_TRUE(ratings.ok()) << ratings.error().message;
  EXPECT_EQ(ratings->report.format, "bookcrossing");
  EXPECT_EQ(ratings->report.encoding, "ASCII");
  EXPECT_THAT(rows_of(*ratings),
              ElementsAre("276744 038550120X 7", "007 \"0432534220\" 10", "276744 0;1 0"));
  EXPECT_EQ(ratings->report.rows, 3);
  EXPECT_EQ(ratings->report.good, 3);
}

TEST(Ratings, EveryLayoutIsRecognised) {
  RatingsOptions timed;
  timed.with_time = true;
  const struct {
    const char* text;
    const char* format;
    std::vector<std::string> rows;
  } cases[] = {
      {"User-ID,ISBN,Book-Rating\n1,00X,5\n", "bookcrossing-csv", {"1 00X 5"}},
      {"1::1193::5::978300760\n2::661::3.5::978302109\n",
       "movielens-dat",
       {"1 1193 5 978300760", "2 661 3.5 978302109"}},
      {"userId,movieId,rating,timestamp\r\n1,2,3.5,1112486027\r\n",
       "movielens-csv",
       {"1 2 3.5 1112486027"}},
      {"196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
       "movielens-100k",
       {"196 242 3 881250949", "186 302 3 891717742"}},
      {"8:\n2347415,1,1970-01-02\n17:\n5,4,2005-05-13\n",
       "netflix",
       {"2347415 8 1 86400", "5 17 4 1115942400"}},
      {"MovieID,UserID,Rating,Date\n8764,1287529,4,2005-10-04\n",
       "netflix-csv",
       {"1287529 8764 4 1128384000"}},
      {"0 5 7\n1 5\n2 \n", "lightgcn", {"0 5 1", "0 7 1", "1 5 1"}},
      {"user_id\titem_id\nann\tx\n", "tsv", {"ann x 1"}},
      {"3,4,2.5\n5,6,1\n", "csv", {"3 4 2.5", "5 6 1"}},
  };
  for (const auto& c : cases) {
    const auto ratings = read(c.text, timed);
    ASSERT_TRUE(ratings.ok()) << c.text << ratings.error().message;
    EXPECT_EQ(ratings->report.format, c.format) << c.text;
    EXPECT_EQ(rows_of(*ratings), c.rows) << c.text;
    EXPECT_EQ(ratings->report.malformed_rows(), 0) << c.text;
    EXPECT_EQ(ratings->report.rows, static_cast<std::int64_t>(c.rows.size())) << c.text;
  }
}

TEST(Ratings, EveryFlawIsClassifiedAndPlaced) {
  std::string text =
      "user,item,rating\n"
      "a,b,1\n"                                                    // 2
      "a,b\n"                                                      // 3 too few
      "a,b,1,2\n"                                                  // 4 too many
      "a,b,nan\n"                                                  // 5 bad rating
      "a,b,inf\n"                                                  // 6
      "a,b,1e999\n"                                                // 7
      "a,b,0x10\n"                                                 // 8
      ",b,1\n"                                                     // 9 empty id
      "\n"                                                         // blank: no row
      "a,\"\",1\n";                                                // 11 empty id
  text += std::string("a,\0b,1\n", 7);                             // 12 nul
  text += std::string(5000, 'i') + ",b,1\n";                       // 13 id too long
  text += "a," + std::string(std::size_t{1} << 20, 'x') + ",1\n";  // 14 line too long
  text += "a,\"open,1\n";                                          // 15 unclosed
  text += "c,d, 4.5\n";
  const auto ratings = read(text);
  ASSERT_TRUE(ratings.ok()) << ratings.error().message;
  EXPECT_EQ(malformed_of(*ratings), (std::map<std::string, std::int64_t>{{"bad_rating", 4},
                                                                         {"empty_id", 2},
                                                                         {"id_too_long", 1},
                                                                         {"line_too_long", 1},
                                                                         {"nul_byte", 1},
                                                                         {"too_few_fields", 1},
                                                                         {"too_many_fields", 1},
                                                                         {"unclosed_quote", 1}}));
  EXPECT_EQ(ratings->report.rows, 14);
  EXPECT_EQ(ratings->report.good, 2);
  EXPECT_THAT(rows_of(*ratings), ElementsAre("a b 1", "c d 4.5"));
  const auto line = [&](const char* kind, std::size_t i) {
    return ratings->report.malformed.at(kind).examples.at(i).line;
  };
  EXPECT_EQ(line("too_few_fields", 0), 3);
  EXPECT_EQ(line("bad_rating", 3), 8);
  EXPECT_EQ(line("empty_id", 1), 11);
  EXPECT_EQ(line("nul_byte", 0), 12);
  EXPECT_EQ(line("line_too_long", 0), 14);
  EXPECT_EQ(line("unclosed_quote", 0), 15);
  EXPECT_EQ(ratings->report.malformed.at("nul_byte").examples[0].text, "a,\\x00b,1");
  EXPECT_EQ(ratings->report.malformed.at("line_too_long").examples[0].text.size(), 120u);
}

TEST(Ratings, OtherKindsOfFlaw) {
  RatingsOptions options;
  options.format = "lightgcn";
  const auto list = read("0 1 x 2\nu 1\n3 4\n", options);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(malformed_of(*list), (std::map<std::string, std::int64_t>{{"bad_id", 2}}));
  EXPECT_THAT(rows_of(*list), ElementsAre("0 1 1", "0 2 1", "3 4 1"));

  options.format = "netflix";
  options.with_time = true;
  const auto netflix =
      read("1,5,2005-01-01\n:\n1,5,2005-01-01\n7:\n1,5,2005-02-30\n2,3,2005-01-01\n", options);
  ASSERT_TRUE(netflix.ok());
  EXPECT_EQ(malformed_of(*netflix), (std::map<std::string, std::int64_t>{
                                        {"bad_time", 1}, {"empty_id", 1}, {"no_item", 2}}));
  EXPECT_EQ(netflix->report.rows, 5);
}

TEST(Ratings, StrictNamesFileAndLine) {
  RatingsOptions options;
  options.strict = true;
  const auto ratings = read("user,item,rating\na,b,1\n\na,b,?\na,b\n", options);
  ASSERT_FALSE(ratings.ok());
  EXPECT_EQ(ratings.error().code, Code::kBadData);
  EXPECT_THAT(ratings.error().message, HasSubstr("test.csv:4: bad_rating"));
}

TEST(Ratings, FilterKeepsNoIdsOfDroppedRows) {
  RatingsOptions options;
  options.min_rating = 6;
  const auto ratings = read("user,item,rating\na,x,5\nb,y,6\na,y,9\n", options);
  ASSERT_TRUE(ratings.ok());
  EXPECT_EQ(ratings->report.good, 3);
  EXPECT_EQ(ratings->report.kept, 2);
  EXPECT_THAT(ids_of(ratings->interactions.users), ElementsAre("b", "a"));
  EXPECT_THAT(ids_of(ratings->interactions.items), ElementsAre("y"));
}

TEST(Ratings, LineEndsAndByteOrderMark) {
  const std::vector<std::string> wanted = {"a b 1", "c d 2"};
  for (const char* text :
       {"user,item,rating\na,b,1\nc,d,2", "user,item,rating\r\na,b,1\r\nc,d,2\r\n",
        "user,item,rating\ra,b,1\rc,d,2\r", "\n\nuser,item,rating\na,b,1\nc,d,2\n",
        "\xef\xbb\xbfuser,item,rating\na,b,1\nc,d,2\n"}) {
    const auto ratings = read(text);
    ASSERT_TRUE(ratings.ok()) << text;
    EXPECT_EQ(rows_of(*ratings), wanted) << text;
  }
  const auto utf16 = read(std::string_view("\xff\xfeu\0s\0", 6));
  ASSERT_FALSE(utf16.ok());
  EXPECT_THAT(utf16.error().message, HasSubstr("UTF-16"));
}

TEST(Ratings, EncodingsBecomeUtf8) {
  const auto latin = read("user,item,rating\nZo\xeb,b,1\n");
  ASSERT_TRUE(latin.ok());
  EXPECT_EQ(latin->report.encoding, "ISO-8859-1");
  EXPECT_THAT(rows_of(*latin), ElementsAre("Zo\xc3\xab b 1"));
  const auto utf8 = read("user,item,rating\nZo\xc3\xab,b,1\n");
  ASSERT_TRUE(utf8.ok());
  EXPECT_EQ(utf8->report.encoding, "UTF-8");
  EXPECT_THAT(rows_of(*utf8), ElementsAre("Zo\xc3\xab b 1"));
}

TEST(Ratings, QuotedFieldsRunOverLinesUnlessTheyAreStrayQuotes) {
  const auto ratings = read(
      "user,item,rating,review\n"
      "a,x,1,\"two\nlines, \"\"quoted\"\"\"\n"
      "b,\"stray,2,no\n"
      "c,y,3,plain\n"
      "d,\"z\",4,\"never closed\n");
  ASSERT_TRUE(ratings.ok()) << ratings.error().message;
  EXPECT_THAT(rows_of(*ratings), ElementsAre("a x 1", "c y 3"));
  EXPECT_EQ(malformed_of(*ratings), (std::map<std::string, std::int64_t>{{"unclosed_quote", 2}}));
  EXPECT_EQ(ratings->report.malformed.at("unclosed_quote").examples[0].line, 4);
  EXPECT_EQ(ratings->report.malformed.at("unclosed_quote").examples[1].line, 6);
}

TEST(Ratings, ColumnsByNameAndPosition) {
  RatingsOptions options;
  options.user_column = "who";
  options.item_column = "what";
  options.rating_column = "how";
  const auto named = read("how;what;when;who\n3;b;0;a\n", options);
  ASSERT_TRUE(named.ok()) << named.error().message;
  EXPECT_THAT(rows_of(*named), ElementsAre("a b 3"));

  options.user_column = "3";
  options.item_column = "1";
  options.rating_column = "2";
  const auto placed = read("b|3|a\nc|4|a\n", options);
  ASSERT_TRUE(placed.ok()) << placed.error().message;
  EXPECT_THAT(rows_of(*placed), ElementsAre("a b 3", "a c 4"));

  options.user_column = "nobody";
  const auto missing = read("how,what,who\n3,b,a\n", options);
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message,
              HasSubstr("no user column 'nobody' (columns: how, what, who)"));
}

TEST(Ratings, WhatIsNoRatingsFileIsRefused) {
  for (const char* text : {"", "\n\n", "hello\nworld\n", "alpha,beta,gamma\n1,2,3\n"}) {
    const auto ratings = read(text);
    ASSERT_FALSE(ratings.ok()) << text;
    EXPECT_EQ(ratings.error().code, Code::kBadData);
    EXPECT_THAT(ratings.error().message, HasSubstr("test.csv")) << text;
  }
  RatingsOptions options;
  options.format = "cvs";
  const auto format = read("1,2,3\n", options);
  ASSERT_FALSE(format.ok());
  EXPECT_EQ(format.error().code, Code::kUsage);
}

// Several stretches, ids that threads meet in different orders, flaws and long fields in between.
std::string big_file(bool open_quotes) {
  std::string text = "user,item,rating,timestamp\n";
  std::uint32_t state = 12345;
  for (int row = 0; row < 120000; ++row) {
    state = state * 1664525 + 1013904223;
    const std::uint32_t user = (state >> 8) % 5000;
    const std::uint32_t item = (state >> 20) % 900;
    text += fmt::format("u{},\"i{}\",{},{}\n", user, item, row % 11, row);
    if (row % 9973 == 0) text += "bad,row\n";
    if (open_quotes && row % 20011 == 7) text += "v,\"i\",3,\"1\n";
  }
  return text;
}

TEST(Ratings, ThreadsDoNotChangeTheResult) {
  for (const bool open_quotes : {false, true}) {
    const std::string text = big_file(open_quotes);
    RatingsOptions options;
    options.with_time = true;
    options.min_rating = 3;
    const auto one = read(text, options, 1);
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(one->report.rows, 120013 + (open_quotes ? 6 : 0));
    EXPECT_EQ(one->report.good, 120000);
    for (const int threads : {2, 3}) {
      const auto many = read(text, options, threads);
      ASSERT_TRUE(many.ok());
      EXPECT_EQ(many->interactions.user, one->interactions.user);
      EXPECT_EQ(many->interactions.item, one->interactions.item);
      EXPECT_EQ(many->interactions.value, one->interactions.value);
      EXPECT_EQ(many->interactions.time, one->interactions.time);
      EXPECT_EQ(ids_of(many->interactions.users), ids_of(one->interactions.users));
      EXPECT_EQ(ids_of(many->interactions.items), ids_of(one->interactions.items));
      EXPECT_EQ(malformed_of(*many), malformed_of(*one));
      for (const auto& [kind, entry] : one->report.malformed)
        for (std::size_t e = 0; e < entry.examples.size(); ++e)
          EXPECT_EQ(many->report.malformed.at(kind).examples[e].line, entry.examples[e].line);
    }
  }
}

TEST(Ratings, IdsAreNumberedByFirstAppearance) {
  const auto ratings = read(big_file(false), {}, 3);
  ASSERT_TRUE(ratings.ok());
  for (const auto* column : {&ratings->interactions.user, &ratings->interactions.item}) {
    std::int32_t next = 0;
    for (const std::int32_t number : *column) {
      ASSERT_LE(number, next);
      next = std::max(next, number + 1);
    }
  }
}

TEST(Ratings, NetflixBlocksStayTogetherWhereverTheFileIsCut) {
  std::string text;
  for (int movie = 1; movie <= 40; ++movie) {
    text += fmt::format("{}:\n", movie);
    for (int user = 0; user < movie * 250; ++user) text += fmt::format("{},3,2005-01-01\n", user);
  }
  const auto ratings = read(text, {}, 3);
  ASSERT_TRUE(ratings.ok());
  ASSERT_EQ(ratings->report.good, 250 * 820);
  std::vector<std::int64_t> counts(40, 0);
  for (const std::int32_t item : ratings->interactions.item)
    ++counts[static_cast<std::size_t>(item)];
  for (int movie = 1; movie <= 40; ++movie)
    EXPECT_EQ(counts[static_cast<std::size_t>(movie) - 1], movie * 250);
}

TEST(Ratings, PandasModeSkipsWhatPandasSkips) {
  RatingsOptions options;
  options.pandas_compatible = true;
  const std::string text =
      "\"User-ID\";\"ISBN\";\"Book-Rating\"\n"
      "\"1\";\"a\";\"5\"\n"
      "\"2\";\"b \\\"c\\\"; d\";\"6\"\n"  // the quote ends the field, the ; cuts it: 4 fields
      "\"3\";\"e\"\n"                     // filled up: no rating
      "\"4\";\"f\"\"g\";\"7\"\n";
  const auto pandas = read(text, options);
  ASSERT_TRUE(pandas.ok()) << pandas.error().message;
  EXPECT_THAT(rows_of(*pandas), ElementsAre("1 a 5", "4 f\"g 7"));
  EXPECT_EQ(malformed_of(*pandas),
            (std::map<std::string, std::int64_t>{{"too_few_fields", 1}, {"too_many_fields", 1}}));
  EXPECT_EQ(pandas->report.malformed.at("too_many_fields").examples[0].line, 3);
  const auto all = read(text);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(rows_of(*all)[1], "2 b \"c\"; d 6");

  const auto refused = read("user;item;rating\n1;a;5\n2;\"b;6\n", options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kBadData);
}

}  // namespace
}  // namespace bascule
