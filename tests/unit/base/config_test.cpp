#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/config.h>

namespace bascule {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Schema schema() {
  return {
      {"task", KeyType::kText, "", "", {"recommend"}, {}, {}},
      {"seed", KeyType::kInt, "1", "", {}, 0, {}},
      {"data.path", KeyType::kText, "", "", {}, {}, {}},
      {"data.min_rating", KeyType::kFloat, "0.5", "", {}, {}, 10},
      {"data.binarise", KeyType::kBool, "false", "", {}, {}, {}},
      {"evaluate.at", KeyType::kIntList, "[10, 20]", "", {}, 1, {}},
      {"evaluate.heldout", KeyType::kIntOrText, "\"auto\"", "", {}, {}, {}},
  };
}

Result<Settings> resolve(const std::string& toml, const std::vector<std::string>& sets = {}) {
  BASCULE_ASSIGN(Config config, Config::parse(toml, "spec.toml"));
  for (const auto& set : sets) BASCULE_TRY(config.set(set));
  return Settings::resolve(config, schema());
}

std::string failure(const std::string& toml, const std::vector<std::string>& sets = {}) {
  const auto result = resolve(toml, sets);
  EXPECT_FALSE(result.ok());
  if (result.ok()) return "";
  EXPECT_EQ(result.error().code, Code::kUsage);
  return result.error().message;
}

TEST(Settings, GivenValuesBeatDefaultsAndTheCommandLineBeatsBoth) {
  const auto s = resolve("task = \"recommend\"\n[data]\nmin_rating = 6\n",
                         {"data.path=a b.csv", "evaluate.at=[5]", "evaluate.heldout=30", "seed=9"});
  ASSERT_TRUE(s.ok()) << s.error().message;
  EXPECT_EQ(s->number("data.min_rating"), 6);
  EXPECT_EQ(s->text("data.path"), "a b.csv");
  EXPECT_THAT(s->integers("evaluate.at"), ElementsAre(5));
  EXPECT_EQ(s->word("evaluate.heldout"), "30");
  EXPECT_EQ(s->integer("seed"), 9);
  EXPECT_FALSE(s->flag("data.binarise"));
  EXPECT_EQ(s->origin("data.min_rating"), "spec.toml:3");
}

TEST(Settings, ResolvedTextReadsBackTheSame) {
  const auto s = resolve("task = \"recommend\"\n[data]\npath = 'a\"b\\\\c\td'\nmin_rating = 0.1\n");
  ASSERT_TRUE(s.ok());
  const auto again = resolve(s->to_toml());
  ASSERT_TRUE(again.ok()) << again.error().message << s->to_toml();
  EXPECT_EQ(again->text("data.path"), s->text("data.path"));
  EXPECT_EQ(again->number("data.min_rating"), 0.1);
  EXPECT_EQ(again->to_toml(), s->to_toml());
}

TEST(Settings, ErrorsNameKeyAndLine) {
  EXPECT_THAT(failure("[data]\nmin_ratng = 6\n"),
              HasSubstr("spec.toml:2: unknown key data.min_ratng; did you mean data.min_rating?"));
  EXPECT_THAT(failure("\nseed = \"x\"\n"), HasSubstr("spec.toml:2: seed must be an integer"));
  EXPECT_THAT(failure("task = \"recomend\"\n"), HasSubstr("did you mean \"recommend\"?"));
  EXPECT_THAT(failure("", {"data.min_rating=11"}), HasSubstr("out of range (at most 10)"));
  EXPECT_THAT(failure("", {"data.min_rating=nan"}), HasSubstr("out of range"));
  EXPECT_THAT(failure("", {"evaluate.at=[0]"}), HasSubstr("out of range (at least 1)"));
  EXPECT_THAT(failure("seed = 1\nseed = 2\n"), HasSubstr("spec.toml:2"));
  EXPECT_THAT(failure("seed = [\n"), HasSubstr("spec.toml:"));
  EXPECT_THAT(failure("", {"seed"}), HasSubstr("expected key=value"));
}

TEST(Config, ArraysOfTablesAreNumbered) {
  const auto c = Config::parse("[[model.layers]]\nunits = 3\n[[model.layers]]\nunits = 4\n", "s");
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(std::get<std::int64_t>(c->find("model.layers[1].units")->data), 4);
}

TEST(Config, NestedArraysOfTablesAreNumberedAndEmptyEntriesAreKept) {
  const auto c = Config::parse(
      "[[a]]\nlayers = [{ x = 1 }, { layers = [{ y = 2 }] }]\n[[a]]\n[[a]]\nlayers = []\n", "s");
  ASSERT_TRUE(c.ok()) << c.error().message;
  EXPECT_EQ(std::get<std::int64_t>(c->find("a[0].layers[1].layers[0].y")->data), 2);
  ASSERT_NE(c->find("a[1]"), nullptr);
  EXPECT_EQ(c->find("a[1]")->to_toml(), "[]");
  EXPECT_EQ(c->find("a[1]")->origin, "s:3");
  EXPECT_EQ(c->find("a[2].layers")->to_toml(), "[]");
}

TEST(Config, DeepKeysAreRefusedBeforeTheyAreParsed) {
  const auto repeat = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  const auto refusal = [](const std::string& text) {
    const auto config = Config::parse(text, "s");
    EXPECT_FALSE(config.ok());
    if (config.ok()) return std::string();
    EXPECT_EQ(config.error().code, Code::kUsage);
    return config.error().message;
  };
  const std::string deep = repeat(".a", 200'000), spaced = repeat(" . \"a\"", 100'000);
  for (const std::string& text :
       {fmt::format("a{} = 1\n", deep), fmt::format("[a{}]\n", deep),
        fmt::format("[[a{}]]\n", deep), fmt::format("x = [{{ a{} = 1 }}]\n", deep),
        fmt::format("\"#\"{} = 1\n", deep), fmt::format("a{} = 1\n", spaced)})
    EXPECT_THAT(refusal(fmt::format("# deep\n{}", text)),
                HasSubstr("s:2: a key or value has more than 64 dots"));
  // As deep as values and keys may be together.
  const std::string both = repeat(fmt::format("[\n{{ a{} = ", repeat(".a", 64)), 100);
  EXPECT_THAT(refusal(fmt::format("x = {}1{}", both, repeat("}]", 100))), HasSubstr("s:"));
  EXPECT_THAT(refusal(fmt::format("{}a = 1\n", repeat("a.", 30))), HasSubstr("nested too deeply"));
  EXPECT_TRUE(
      Config::parse(fmt::format("# {}\nw = [{}]\n", repeat(".", 200), repeat("0.5, ", 200)), "s")
          .ok());
}

TEST(Config, SetTakesATextThatIsNotToml) {
  auto c = Config::parse("", "s");
  ASSERT_TRUE(c.ok());
  ASSERT_TRUE(c->set("data.path=/a/b=c.csv").ok());
  EXPECT_EQ(std::get<std::string>(c->find("data.path")->data), "/a/b=c.csv");
  ASSERT_TRUE(c->set("x=1\ny=2").ok());  // no second key by way of a newline
  EXPECT_EQ(c->find("y"), nullptr);
}

TEST(NearestWord, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(nearest_word("cosin", {"pearson", "cosine"}), "cosine");
  EXPECT_EQ(nearest_word("zzzzzzzz", {"pearson", "cosine"}), std::nullopt);
}

}  // namespace
}  // namespace bascule
