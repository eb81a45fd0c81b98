#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <bascule/run/search_space.h>

namespace bascule {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Schema& schema() {
  static const Schema keys = {
      keys::number("model.l2", "500.0", 1e-3, 1e6, ""),
      keys::number("model.free", "0.0", {}, {}, ""),
      keys::integer("model.neighbors", "100", 1, 100000, ""),
      keys::word("model.weighting", "\"raw\"", "", {"raw", "bm25", "tf-idf"}),
      keys::flag("model.wide", false, ""),
      keys::integers("model.hidden", "[600]", 1, 4096, ""),
  };
  return keys;
}

Result<SearchSpace> parse(const std::string& toml) {
  const Result<Config> config = Config::parse(toml, "spec.toml");
  EXPECT_TRUE(config.ok());
  return parse_ranges(*config, schema());
}

SearchRange only(const std::string& toml) {
  Result<SearchSpace> space = parse(toml);
  EXPECT_TRUE(space.ok()) << space.error().message;
  EXPECT_EQ(space->size(), 1U);
  return space->front();
}

double real(const ConfigValue& value) {
  return std::get<double>(value.data);
}
std::int64_t whole(const ConfigValue& value) {
  return std::get<std::int64_t>(value.data);
}

TEST(SearchRange, SpreadsNumbersEvenly) {
  const SearchRange range = only("model.l2 = { low = 10, high = 20.0 }");
  EXPECT_EQ(real(range.at(0)), 10);
  EXPECT_EQ(real(range.at(0.25)), 12.5);
  EXPECT_LE(real(range.at(std::nextafter(1.0, 0.0))), 20);
  EXPECT_EQ(real(range.at(1.0 / 3)), 13.3333);  // six digits
  EXPECT_EQ(range.count(), 0);
  EXPECT_EQ(range.place_of({12.5, ""}), 0.25);
  EXPECT_EQ(range.place_of({std::int64_t{15}, ""}), 0.5);
  EXPECT_FALSE(range.place_of({9.99, ""}));
  EXPECT_FALSE(range.place_of({20.01, ""}));
  EXPECT_FALSE(range.place_of({std::nan(""), ""}));
  EXPECT_FALSE(range.place_of({std::string("12"), ""}));
  EXPECT_EQ(range.to_toml(), "{ low = 10.0, high = 20.0 }");
}

TEST(SearchRange, SpreadsRatiosEvenly) {
  const SearchRange range = only("model.l2 = { low = 1.0, high = 10000.0, scale = \"log\" }");
  EXPECT_EQ(real(range.at(0)), 1);
  EXPECT_EQ(real(range.at(0.25)), 10);
  EXPECT_EQ(real(range.at(0.5)), 100);
  EXPECT_NEAR(*range.place_of({1000.0, ""}), 0.75, 1e-12);
  EXPECT_EQ(range.to_toml(), "{ low = 1.0, high = 10000.0, scale = \"log\" }");
}

TEST(SearchRange, GivesEveryWholeNumberItsShare) {
  const SearchRange range = only("model.neighbors = { low = 3, high = 7 }");
  std::map<std::int64_t, int> drawn;
  for (int i = 0; i < 1000; ++i) ++drawn[whole(range.at(i / 1000.0))];
  EXPECT_EQ(drawn.size(), 5U);
  for (const auto& [value, count] : drawn) EXPECT_EQ(count, 200) << value;
  EXPECT_EQ(range.count(), 5);
  EXPECT_EQ(whole(range.nth(4)), 7);
  EXPECT_FALSE(range.place_of({4.0, ""}));
}

TEST(SearchRange, BringsValuesBack) {
  for (const char* toml : {"model.neighbors = { low = 1, high = 1000, scale = \"log\" }",
                           "model.neighbors = { low = 1, high = 1000 }",
                           "model.l2 = { low = 0.01, high = 12345.0, scale = \"log\" }",
                           "model.free = { low = -3.0, high = 7.0 }",
                           "model.weighting = { choices = [\"raw\", \"bm25\", \"tf-idf\"] }",
                           "model.wide = { choices = [true, false] }",
                           "model.hidden = { choices = [[600], [200, 100], []] }"}) {
    const SearchRange range = only(toml);
    for (int i = 0; i < 500; ++i) {
      const ConfigValue value = range.at(i / 500.0);
      const auto place = range.place_of(value);
      ASSERT_TRUE(place) << toml << ' ' << value.to_toml();
      EXPECT_GE(*place, 0);
      EXPECT_LE(*place, 1);
      EXPECT_EQ(range.at(*place).to_toml(), value.to_toml()) << toml;
    }
  }
}

TEST(SearchRange, KeepsChoicesAsTheyAre) {
  const SearchRange range = only("model.l2 = { choices = [1, 10.0, 500] }");
  EXPECT_EQ(range.count(), 3);
  EXPECT_EQ(range.at(0.5).to_toml(), "10.0");
  EXPECT_EQ(range.place_of({500.0, ""}), range.place_of({std::int64_t{500}, ""}));
  EXPECT_FALSE(range.place_of({2.0, ""}));
  EXPECT_EQ(range.to_toml(), "{ choices = [1, 10.0, 500] }");
}

TEST(SearchSpace, SaysWhatIsWrongAndWhere) {
  const std::vector<std::tuple<std::string, std::string>> wrong = {
      {"model.l2 = { low = 1.0 }", "model.l2 lacks high"},
      {"model.l2 = { high = 1.0 }", "model.l2 lacks low"},
      {"model.l2 = { low = 2.0, high = 1.0 }", "low that is not below"},
      {"model.l2 = { low = 2.0, high = 2.0 }", "low that is not below"},
      {"model.l2 = { low = nan, high = 2.0 }", "model.l2 = nan is out of range"},
      {"model.l2 = { low = 1.0, high = inf }", "at most 1000000"},
      {"model.free = { low = 1.0, high = inf }", "high that is finite"},
      {"model.free = { low = -1.7e308, high = 1.7e308 }", "too wide"},
      {"model.l2 = { low = 0.0, high = 2.0 }", "at least 0.001"},
      {"model.free = { low = 0.0, high = 2.0, scale = \"log\" }", "low above 0"},
      {"model.l2 = { low = 1.0, high = 2.0, scale = \"cubic\" }", "\"linear\" or \"log\""},
      {"model.l2 = { low = 1.0, high = 2.0, scale = 3 }", "\"linear\" or \"log\""},
      {"model.l2 = { low = \"1\", high = 2.0 }", "model.l2 must be a number"},
      {"model.l2 = { low = 1.0, hihg = 2.0 }", "did you mean high?"},
      {"model.l2 = 4.0", "a range has low, high and scale, or choices"},
      {"low = 4.0", "a range has low, high and scale, or choices"},
      {"model.l3 = { low = 1.0, high = 2.0 }", "unknown key model.l3; did you mean model.l2?"},
      {"model.neighbors = { low = 1.5, high = 2.0 }", "model.neighbors must be an integer"},
      {"model.neighbors = { low = 0, high = 2 }", "model.neighbors = 0 is out of range"},
      {"model.weighting = { low = 0, high = 2 }", "its values are no numbers"},
      {"model.weighting = { choices = [] }", "needs choices"},
      {"model.weighting = { choices = \"raw\" }", "needs choices"},
      {"model.weighting = { choices = [\"raw\", \"bm26\"] }", "did you mean \"bm25\"?"},
      {"model.weighting = { choices = [\"raw\", \"raw\"] }", "has 'raw' twice"},
      {"model.l2 = { choices = [1, 1.0] }", "has 1.0 twice"},
      {"model.l2 = { choices = [1.0], low = 2.0 }", "more beside them"},
      {"model.hidden = { choices = [[600], [0]] }", "model.hidden = 0 is out of range"},
      {"model.hidden = { choices = [600] }", "a list of integers"},
      {"[[model.l2]]\nlow = 1.0", "model.l2[0]"},
  };
  for (const auto& [toml, says] : wrong) {
    const Result<SearchSpace> space = parse("\n" + toml);
    ASSERT_FALSE(space.ok()) << toml;
    EXPECT_EQ(space.error().code, Code::kUsage);
    EXPECT_THAT(space.error().message, AllOf(HasSubstr("spec.toml:"), HasSubstr(says))) << toml;
  }
}

TEST(SearchSpace, IsBounded) {
  std::string many;
  for (int i = 0; i < 40; ++i) many += "model.k" + std::to_string(i) + ".low = 1\n";
  EXPECT_THAT(parse(many).error().message, HasSubstr("more than 32 ranges"));
  std::string list = "model.l2.choices = [1.0";
  for (int i = 2; i < 1002; ++i) list += ", " + std::to_string(i);
  EXPECT_THAT(parse(list + "]").error().message, HasSubstr("more than 100 choices"));
}

TEST(SearchSpace, TakesRangesOfTheCommandLine) {
  const auto toml = [](const char* option) {
    const Result<Config> fields = parse_range_option(option);
    if (!fields.ok()) return fields.error().message;
    const Result<SearchSpace> space = parse_ranges(*fields, schema());
    return space.ok() ? space->front().key + " " + space->front().to_toml() : space.error().message;
  };
  EXPECT_EQ(toml("model.l2=1:1000"), "model.l2 { low = 1.0, high = 1000.0 }");
  EXPECT_EQ(toml("model.l2=1e0:1e3:log"), "model.l2 { low = 1.0, high = 1000.0, scale = \"log\" }");
  EXPECT_EQ(toml("model.neighbors=10:20"), "model.neighbors { low = 10, high = 20 }");
  EXPECT_EQ(toml("model.l2=1,20,300"), "model.l2 { choices = [1, 20, 300] }");
  EXPECT_EQ(toml("model.weighting=raw,tf-idf"), "model.weighting { choices = ['raw', 'tf-idf'] }");
  EXPECT_EQ(toml("model.wide=true,false"), "model.wide { choices = [true, false] }");
  EXPECT_EQ(toml("model.hidden=[600],[200, 100]"),
            "model.hidden { choices = [[600], [200, 100]] }");
  for (const char* bad : {"model.l2", "model.l2=", "=1:2", ""})
    EXPECT_THAT(toml(bad), HasSubstr("expected key=low:high")) << bad;
  EXPECT_THAT(toml("model.l2=1:2:log:3"), HasSubstr("more than low:high:scale"));
  EXPECT_THAT(toml("model.l2=1:"), HasSubstr("--range model.l2"));
  EXPECT_THAT(toml("model.l2=a:b"), HasSubstr("must be a number"));
  EXPECT_THAT(toml("model.l3=1:2"), HasSubstr("--range model.l3: unknown key model.l3"));
}

}  // namespace
}  // namespace bascule
