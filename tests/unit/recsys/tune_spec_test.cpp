#include "recsys/tune_spec.h"

#include <gmock/gmock.h>

#include <bascule/recsys/spec.h>
#include <bascule/recsys/tune.h>

#include "recsys/tune_folder.h"

namespace bascule {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Result<TuneSpec> parse(const std::string& toml, const std::vector<std::string>& ranges = {}) {
  return tune_spec(Config::parse(toml, "spec.toml").value(), ranges);
}

const KeyInfo& key(const std::string& name) {
  const Schema& schema = recommend_schema();
  return *std::find_if(schema.begin(), schema.end(),
                       [&](const KeyInfo& info) { return info.name == name; });
}

std::string ranges(const TuneSpec& spec) {
  std::string text;
  for (const SearchRange& range : spec.space) text += range.key + " " + range.to_toml() + "\n";
  return text;
}

TEST(TuneSpec, HasRangesForEveryTypeOfModel) {
  for (const std::string& type : key("model.type").choices) {
    const detail::TunableModel* model = detail::tunable_model(type);
    ASSERT_NE(model, nullptr) << type << ": say in tune_spec.cpp what can be searched of it";
    for (const std::string& name : model->keys) EXPECT_EQ(key(name).name, name);
    const Result<TuneSpec> spec = parse("model.type = \"" + type + "\"");
    if (model->ranges.empty()) {
      EXPECT_EQ(spec.error().code, Code::kUsage);
      continue;
    }
    ASSERT_TRUE(spec.ok()) << spec.error().message;
    EXPECT_FALSE(spec->space.empty()) << type;
    EXPECT_EQ(spec->metric, "ndcg@100");
    EXPECT_FALSE(spec->trials);
  }
}

TEST(TuneSpec, TakesWhatIsDeclaredInPlaceOfTheUsual) {
  const char* toml =
      "model.type = \"edlae\"\n[tune]\ntrials = 7\nmetric = \"recall@20\"\n"
      "[tune.ranges]\n\"model.l2\" = { low = 1, high = 10 }\n";
  const TuneSpec spec = parse(toml).value();
  EXPECT_EQ(ranges(spec), "model.l2 { low = 1.0, high = 10.0 }\n");
  EXPECT_EQ(spec.metric, "recall@20");
  EXPECT_EQ(spec.trials, 7);
  EXPECT_EQ(spec.settings.number("model.dropout"), 0.33);
  EXPECT_EQ(ranges(parse(toml, {"model.l2=5,6", "model.dropout=0:0.5"}).value()),
            "model.dropout { low = 0.0, high = 0.5 }\nmodel.l2 { choices = [5, 6] }\n");
  // A table of its own is the same.
  EXPECT_EQ(
      ranges(parse("model.type = \"ease\"\n[tune.ranges.model]\nl2 = { low = 1, high = 10 }\n")
                 .value()),
      "model.l2 { low = 1.0, high = 10.0 }\n");
}

TEST(TuneSpec, RefusesWhatIsNoOption) {
  const auto refused = [](const std::string& toml, const std::vector<std::string>& ranges = {}) {
    const Result<TuneSpec> spec = parse("model.type = \"ease\"\n" + toml, ranges);
    EXPECT_FALSE(spec.ok()) << toml;
    EXPECT_EQ(spec.error().code, Code::kUsage);
    return spec.ok() ? "" : spec.error().message;
  };
  for (const char* name : {"data.min_rating=1:5", "data.path=a,b", "evaluate.fraction=0.1:0.5",
                           "evaluate.split=strong,time", "seed=1:9"})
    EXPECT_THAT(refused("", {name}), HasSubstr("changes what trials are compared on"));
  EXPECT_THAT(refused("", {"model.neighbors=1:9"}),
              AllOf(HasSubstr("--range model.neighbors"), HasSubstr("no option of ease"),
                    HasSubstr("model.l2")));
  EXPECT_THAT(refused("", {"model.type=ease,edlae"}), HasSubstr("no option of ease"));
  EXPECT_THAT(refused("[tune.ranges]\n\"model.l22\" = { low = 1.0, high = 2.0 }"),
              AllOf(HasSubstr("spec.toml:3"), HasSubstr("did you mean model.l2?")));
  EXPECT_THAT(refused("[tune]\ntrails = 3"),
              AllOf(HasSubstr("spec.toml:3"), HasSubstr("did you mean tune.trials?")));
  EXPECT_THAT(refused("[tune]\ntrials = 0"), HasSubstr("tune.trials"));
  EXPECT_THAT(refused("[tune]\ntrials = 1001"), HasSubstr("tune.trials"));
  EXPECT_THAT(refused("[tune]\nmetric = \"ndgc@100\""),
              AllOf(HasSubstr("spec.toml:3: tune.metric"), HasSubstr("ndgc@100")));
  EXPECT_THAT(refused("[tune]\nranges = 3"), HasSubstr("unknown key tune.ranges"));
  EXPECT_THAT(refused("[[tune]]\ntrials = 3"), HasSubstr("unknown key"));
  EXPECT_THAT(refused("model.l3 = 2.0"), HasSubstr("did you mean model.l2?"));
}

TEST(TuneSpec, IsLeftAsideByOthers) {
  const Config config =
      Config::parse("model.type = \"ease\"\n[tune]\ntrials = 3\n[tune.ranges]\nx = 1\n", "s")
          .value();
  EXPECT_TRUE(recommend_settings(config).ok());
}

class Trials : public testing::Test {
 protected:
  Trials() {
    space_ = parse("model.type = \"item-knn\"\n",
                   {"model.neighbors=1:99", "model.alpha=0:1", "model.weighting=raw,bm25"})
                 .value()
                 .space;
    trial_.number = 3;
    trial_.point = {{0.1 + 0.2, ""}, {std::int64_t{40}, ""}, {std::string("bm25"), ""}};
    trial_.metrics["ndcg@100"] = {1.0 / 3, 0.01, 0.0196};
    trial_.metrics["coverage@100"] = {0.5, {}, {}};
    trial_.epochs = 12;
    trial_.best_epoch = 11;
    trial_.fit_seconds = 1.25;
  }
  [[nodiscard]] Result<TuneTrial> read(const std::string& line) const {
    return detail::read_trial(line, space_, "ndcg@100", 3);
  }
  SearchSpace space_;
  TuneTrial trial_;
};

TEST_F(Trials, ComeBackToTheBit) {
  const TuneTrial read = this->read(trial_json(trial_, space_)).value();
  for (std::size_t i = 0; i < space_.size(); ++i)
    EXPECT_EQ(read.point[i].data.index(), trial_.point[i].data.index());
  EXPECT_EQ(std::get<double>(read.point[0].data), 0.1 + 0.2);
  EXPECT_EQ(read.metrics, trial_.metrics);
  EXPECT_EQ(read.epochs, 12);
  EXPECT_EQ(read.best_epoch, 11);
  EXPECT_EQ(trial_json(read, space_), trial_json(trial_, space_));
  trial_.metrics.clear();
  trial_.failure = "not \"positive\" \xff";
  EXPECT_THAT(this->read(trial_json(trial_, space_))->failure, HasSubstr("not \"positive\""));
}

TEST_F(Trials, AreReadWithSuspicion) {
  const std::string good = trial_json(trial_, space_);
  const auto bad = [&](const std::string& old, const std::string& now) {
    std::string line = good;
    const std::size_t at = line.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    line.replace(at, old.size(), now);
    const Result<TuneTrial> trial = read(line);
    EXPECT_FALSE(trial.ok()) << line;
    return trial.ok() ? "" : trial.error().message;
  };
  EXPECT_THAT(bad("\"trial\":3", "\"trial\":4"), HasSubstr("is not trial 3"));
  EXPECT_THAT(bad("\"trial\":3", "\"trail\":3"), HasSubstr("is not trial 3"));
  EXPECT_THAT(bad("40", "100"), HasSubstr("model.neighbors is not in its range"));
  EXPECT_THAT(bad("40", "40.5"), HasSubstr("model.neighbors"));
  EXPECT_THAT(bad("40", "18446744073709551615"), HasSubstr("model.neighbors"));
  EXPECT_THAT(bad("40", "[[1]]"), HasSubstr("model.neighbors"));
  EXPECT_THAT(bad("bm25", "bm26"), HasSubstr("model.weighting"));
  EXPECT_THAT(bad("model.alpha", "model.omega"), HasSubstr("model.alpha"));
  EXPECT_THAT(bad("\"parameters\"", "\"others\""), HasSubstr("parameters"));
  EXPECT_THAT(bad("done", "fine"), HasSubstr("neither done nor failed"));
  EXPECT_THAT(bad("done", "failed"), HasSubstr("neither done nor failed"));
  EXPECT_THAT(bad("ndcg@100", "ndcg@10"), HasSubstr("lacks ndcg@100"));
  EXPECT_THAT(bad("{\"value\":0.5", "{\"value\":null"), HasSubstr("no value"));
  for (const char* line : {"", "[]", "3", "null", "{}"}) EXPECT_FALSE(read(line).ok()) << line;
}

}  // namespace
}  // namespace bascule
