#include "data/labelled_csv.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "file_text.h"
#include "temp_folder.h"

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LabelledCsv : public testing::Test {
 protected:
  Result<LabelledSet> read(const std::string& text, const std::string& name = "set.csv") {
    write_text(folder_ / name, text);
    return read_labelled(folder_ / name, options_);
  }
  std::string refusal(const std::string& text, Code code = Code::kBadData) {
    const auto set = read(text);
    EXPECT_FALSE(set.ok());
    if (set.ok()) return {};
    EXPECT_EQ(set.error().code, code);
    return set.error().message;
  }
  TempFolder folder_;
  LabelledReadOptions options_;
};

TEST_F(LabelledCsv, ReadsClassesWithoutAndWithHeader) {
  const auto plain = read("1.5,2,b\n-1,1e3,a\n0,0,b\n");
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  EXPECT_EQ(plain->format, "csv");
  EXPECT_EQ(plain->train.samples, 3);
  EXPECT_EQ(plain->train.sample_shape, Shape({2}));
  EXPECT_THAT(plain->train.floats.span(), ElementsAre(1.5F, 2, -1, 1000, 0, 0));
  EXPECT_THAT(plain->train.classes, ElementsAre("a", "b"));
  EXPECT_THAT(plain->train.labels, ElementsAre(1, 0, 1));
  options_.label_columns = {"kind"};
  const auto named = read("\xef\xbb\xbfx;\"kind\";y\r\n1;\"a;b\";2\r\n\r\n3;c;4\r\n");
  ASSERT_TRUE(named.ok()) << named.error().message;
  EXPECT_THAT(named->train.floats.span(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(named->train.classes, ElementsAre("a;b", "c"));
}

TEST_F(LabelledCsv, OrdersIntegerClassesByNumber) {
  options_.label_columns = {"1"};
  const auto set = read("10\t0.5\n9\t1\n-1\t2\n10\t3\n", "set.tsv");
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->format, "tsv");
  EXPECT_THAT(set->train.classes, ElementsAre("-1", "9", "10"));
  EXPECT_THAT(set->train.labels, ElementsAre(2, 1, 0, 2));
}

TEST_F(LabelledCsv, ReadsTargets) {
  options_.task = LabelledTask::kRegression;
  options_.label_columns = {"t", "1"};
  const auto set = read("u,x,t\n1,2,3\n4,5,6\n");
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->train.target_width, 2);
  EXPECT_THAT(set->train.targets, ElementsAre(3, 1, 6, 4));
  EXPECT_THAT(set->train.floats.span(), ElementsAre(2, 5));
  EXPECT_TRUE(set->train.labels.empty());
  EXPECT_TRUE(set->train.classes.empty());
}

TEST_F(LabelledCsv, SharesClassesBetweenParts) {
  write_text(folder_ / "train.csv", "1,b\n2,c\n");
  write_text(folder_ / "valid.csv", "3,c\n");
  write_text(folder_ / "test.csv", "4,a\n");
  const auto set = read_labelled(folder_.path());
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_THAT(set->train.labels, ElementsAre(1, 2));
  ASSERT_TRUE(set->valid);
  EXPECT_THAT(set->valid->labels, ElementsAre(2));
  EXPECT_THAT(set->test.labels, ElementsAre(0));
  EXPECT_THAT(set->test.classes, ElementsAre("a", "b", "c"));
  EXPECT_EQ(set->report.rows, 4);
}

TEST_F(LabelledCsv, CountsMalformedRowsByLine) {
  const std::string text = "x,y\n1,a\n1,2,a\nb\nnan,a\n,a\n1e99,a\n2,\n\"3,a\n4,b\n";
  const auto set = read(text);
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->train.samples, 2);
  EXPECT_EQ(set->report.good, 2);
  EXPECT_EQ(set->report.rows, 9);
  const auto& malformed = set->report.malformed;
  EXPECT_EQ(malformed.at("too_many_fields").examples[0].line, 3);
  EXPECT_EQ(malformed.at("too_few_fields").examples[0].line, 4);
  EXPECT_EQ(malformed.at("bad_number").count, 3);
  EXPECT_EQ(malformed.at("bad_number").examples[0].line, 5);
  EXPECT_EQ(malformed.at("empty_label").examples[0].line, 8);
  EXPECT_EQ(malformed.at("unclosed_quote").examples[0].line, 9);
  EXPECT_EQ(set->report.malformed_rows(), 7);
  options_.strict = true;
  EXPECT_THAT(refusal(text), HasSubstr("set.csv:3: too_many_fields"));
}

TEST_F(LabelledCsv, RefusesWhatIsNoTable) {
  EXPECT_THAT(refusal(""), HasSubstr("line 1"));
  EXPECT_THAT(refusal("only\n"), HasSubstr("two or more columns"));
  EXPECT_THAT(refusal("x,y\n"), HasSubstr("no good row"));
  EXPECT_THAT(refusal("x,y\n1,\n"), HasSubstr("no good row"));
  options_.label_columns = {"z"};
  EXPECT_THAT(refusal("x,y\n1,2\n", Code::kUsage), HasSubstr("no column \"z\""));
  options_.label_columns = {"3"};
  EXPECT_THAT(refusal("x,y\n1,2\n", Code::kUsage), HasSubstr("no column \"3\""));
  options_.label_columns = {"1", "2"};
  EXPECT_THAT(refusal("1,2\n", Code::kUsage), HasSubstr("2 label columns"));
  options_.task = LabelledTask::kRegression;
  EXPECT_THAT(refusal("1,2\n", Code::kUsage), HasSubstr("every column"));
  options_ = {};
  std::string many;
  for (int i = 0; i <= 65536; ++i) many += fmt::format("1,{}.5\n", i);
  EXPECT_THAT(refusal(many), HasSubstr("line 65537: more than 65536 classes"));
}

}  // namespace
}  // namespace bascule
