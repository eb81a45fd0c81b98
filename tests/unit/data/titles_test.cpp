#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <bascule/data/inspect.h>
#include <bascule/data/titles.h>

namespace bascule {
namespace {

class TitleFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  std::filesystem::path folder_;
};

TEST_F(TitleFiles, EveryLayout) {
  const struct {
    const char* text;
    const char* id;
    const char* title;
  } cases[] = {
      {"\"ISBN\";\"Book-Title\";\"Year\"\n\"00X\";\"\\\"O\\\" &amp; P; Q\";\"1999\"\n", "00X",
       "\"O\" &amp; P; Q"},
      {"ISBN,Book-Title,Book-Author\n01,\"\\O\\\"\" Is, too\",B\n", "01", "\\O\\\" Is, too"},
      {"movieId,title,genres\r\n7,\"Caf\xc3\xa9, The\",Drama\r\n", "7", "Caf\xc3\xa9, The"},
      {"7::Caf\xe9: The \"First\" (1990)::Drama\n", "7", "Caf\xc3\xa9: The \"First\" (1990)"},
      {"7|Caf\xe9 (1990)|01-Jan-1990||http\n", "7", "Caf\xc3\xa9 (1990)"},
      {"MovieID,Year,Title\n7,1990,Lights, Camera, \"Go\"\n", "7", "Lights, Camera, \"Go\""},
      {"7,NULL,Lights, Camera\n", "7", "Lights, Camera"},
  };
  for (const auto& c : cases) {
    const auto titles = read_titles(write("t", c.text));
    ASSERT_TRUE(titles.ok()) << c.text << titles.error().message;
    EXPECT_EQ(titles->find(c.id), c.title) << c.text;
    EXPECT_EQ(titles->report.rows, 1) << c.text;
    EXPECT_EQ(titles->report.good, 1) << c.text;
  }
  EXPECT_FALSE(read_titles(write("t", "nothing of the kind\n")).ok());
}

TEST_F(TitleFiles, FirstRowOfAnIdWinsAndFlawsAreCounted) {
  const auto titles = read_titles(write(
      "t", "movieId,title,genres\n1,First,x\n2,Two\n1,Second,x\n,None,x\n3,\"Open,x\n4,Four,x\n"));
  ASSERT_TRUE(titles.ok());
  EXPECT_EQ(titles->find("1"), "First");
  EXPECT_EQ(titles->find("4"), "Four");
  EXPECT_EQ(titles->find("3"), "");
  EXPECT_EQ(titles->duplicates, 1);
  EXPECT_EQ(titles->report.rows, 6);
  EXPECT_EQ(titles->report.good, 3);
  EXPECT_EQ(titles->report.malformed.at("too_few_fields").examples[0].line, 3);
  EXPECT_EQ(titles->report.malformed.at("empty_id").examples[0].line, 5);
  EXPECT_EQ(titles->report.malformed.at("unclosed_quote").examples[0].line, 6);
}

TEST_F(TitleFiles, FoundBesideTheRatings) {
  const std::string ratings =
      write("ratings.csv", "userId,movieId,rating,timestamp\n1,7,3,86400\n");
  EXPECT_EQ(read_titles_beside(ratings)->ids.size(), 0);
  write("movies.csv", "movieId,title,genres\n7,Seven,x\n");
  EXPECT_EQ(read_titles_beside(ratings)->find("7"), "Seven");
  EXPECT_EQ(read_titles_beside(folder_.string())->find("7"), "Seven");
}

TEST_F(TitleFiles, InspectCountsWhatIsThere) {
  write("ratings.csv",
        "userId,movieId,rating,timestamp\n1,7,3,86400\n1,7,4,20\n2,8,3,99\n2,9,x,1\n");
  const auto inspection = inspect(folder_.string());
  ASSERT_TRUE(inspection.ok()) << inspection.error().message;
  EXPECT_EQ(inspection->users, 2);
  EXPECT_EQ(inspection->items, 2);
  EXPECT_EQ(inspection->duplicates, 1);
  EXPECT_DOUBLE_EQ(inspection->density, 0.5);
  EXPECT_EQ(inspection->histogram, (std::map<float, std::int64_t>{{3, 2}, {4, 1}}));
  EXPECT_TRUE(inspection->has_time);
  EXPECT_EQ(inspection->first_time, 20);
  EXPECT_EQ(inspection->last_time, 86400);
  EXPECT_EQ(inspection->report.malformed.at("bad_rating").count, 1);
}

}  // namespace
}  // namespace bascule
