#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/nn/saved_network.h>
#include <bascule/nn/training.h>

#include "file_text.h"
#include "temp_folder.h"

namespace bascule::nn {
namespace {

using ::testing::HasSubstr;

/// Three classes in the plane that lines can tell apart, with a little noise.
std::string blobs(std::int64_t rows, std::uint64_t seed) {
  const Philox random(seed, 7);
  std::string text = "x,y,class\n";
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto i = static_cast<std::uint64_t>(r);
    const auto label = static_cast<double>(random.below(3 * i, 3));
    const double angle = label * 2.1;
    text += std::to_string(2 * std::cos(angle) + 0.5 * random.normal(3 * i + 1)) + "," +
            std::to_string(2 * std::sin(angle) + 0.5 * random.normal(3 * i + 2)) + "," +
            std::to_string(static_cast<int>(label)) + "\n";
  }
  return text;
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

/// A folder of data and the spec that learns it.
class Project {
 public:
  Project() {
    std::filesystem::create_directory(folder_ / "data");
    write(folder_ / "data/train.csv", blobs(300, 1));
    write(folder_ / "data/test.csv", blobs(100, 2));
  }

  [[nodiscard]] std::string run(const std::string& name) const { return folder_ / name; }

  [[nodiscard]] NetworkSpec spec(const std::string& train,
                                 const std::vector<std::string>& sets = {}) const {
    Result<Config> config = Config::parse(
        "task = \"classify\"\nseed = 3\n[data]\npath = \"" + (folder_ / "data") +
            "\"\nstandardise = true\n[[model.layers]]\ntype = \"dense\"\nunits = 16\n"
            "activation = \"relu\"\n[[model.layers]]\ntype = \"dropout\"\nrate = 0.1\n"
            "[[model.layers]]\ntype = \"dense\"\nunits = 3\nactivation = \"softmax\"\n[train]\n"
            "optimizer = { type = \"adam\", lr = 0.01 }\nbatch_size = 32\n" +
            train,
        "spec.toml");
    EXPECT_TRUE(config.ok()) << config.error().message;
    for (const std::string& set : sets) EXPECT_TRUE(config->set(set).ok());
    Result<NetworkSpec> spec = NetworkSpec::parse(*config);
    EXPECT_TRUE(spec.ok()) << spec.error().message;
    return std::move(spec).value();
  }

 private:
  TempFolder folder_;
};

Result<NetworkFitOutcome> fit(const NetworkSpec& spec, const NetworkFitRequest& request) {
  const auto device = make_reference_device();
  return fit_network(spec, request, *device, default_pool());
}

std::vector<std::int32_t> all_of(const LabelledData& part) {
  std::vector<std::int32_t> numbers(static_cast<std::size_t>(part.samples));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(FitNetwork, LearnsAndWritesARunThatPredicts) {
  const Project project;
  NetworkFitRequest request;
  request.out = project.run("run");
  const auto outcome = fit(project.spec("epochs = 12\n"), request);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->train_samples, 240);
  EXPECT_EQ(outcome->valid_samples, 60);
  EXPECT_EQ(outcome->test_samples, 100);
  ASSERT_EQ(outcome->history.size(), 12U);
  EXPECT_LT(outcome->history.back().metric("train_loss"),
            0.5 * outcome->history.front().metric("train_loss"));
  EXPECT_GT(outcome->metrics.at("test_accuracy"), 0.9);

  const auto device = make_reference_device();
  auto saved = SavedNetwork::open(request.out, *device);
  ASSERT_TRUE(saved.ok()) << saved.error().message;
  EXPECT_THAT(saved->labels(), ::testing::ElementsAre("0", "1", "2"));
  const auto set = read_labelled(saved->spec().settings().text("data.path"));
  ASSERT_TRUE(set.ok()) << set.error().message;
  const auto again = saved->evaluate(set->test, all_of(set->test));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->at("accuracy"), outcome->metrics.at("test_accuracy"));
  EXPECT_EQ(again->at("loss"), outcome->metrics.at("test_loss"));
  const auto probabilities = saved->predict(set->test);
  ASSERT_TRUE(probabilities.ok());
  ASSERT_EQ(probabilities->size(), 300U);
  for (std::size_t i = 0; i < 300; i += 3)
    EXPECT_NEAR((*probabilities)[i] + (*probabilities)[i + 1] + (*probabilities)[i + 2], 1, 1e-5);
  // The same, standardisation included, from the features as the file has them.
  auto predictor = saved->predictor(set->test.samples);
  ASSERT_TRUE(predictor.ok()) << predictor.error().message;
  std::vector<float> scores(300);
  ASSERT_TRUE(predictor->predict(set->test.floats.span(), scores).ok());
  EXPECT_EQ(scores, *probabilities);

  const auto run = Run::open(request.out, {});
  ASSERT_TRUE(run.ok());
  const auto lines = run->history();
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(lines->size(), 12U);
  EXPECT_TRUE(std::filesystem::exists(run->file("report.html")));
  EXPECT_TRUE(std::filesystem::exists(run->file("checkpoints/last.safetensors")));
}

TEST(FitNetwork, AnInterruptedRunIsResumedToTheSameModel) {
  const Project project;
  NetworkFitRequest request;
  request.out = project.run("whole");
  ASSERT_TRUE(fit(project.spec("epochs = 4\n"), request).ok());
  request.out = project.run("parts");
  int steps = 0;
  request.interrupted = [&] { return ++steps > 20; };
  const auto stopped = fit(project.spec("epochs = 4\n"), request);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::kInterrupted);
  request.interrupted = [] { return false; };
  request.resume = true;
  const auto outcome = fit(project.spec("epochs = 4\n"), request);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->history.size(), 4U);
  const auto same = [&](const std::string& file) {
    return contents_of(project.run("whole/" + file)) == contents_of(project.run("parts/" + file));
  };
  EXPECT_TRUE(same("model.safetensors"));
  EXPECT_TRUE(same("checkpoints/best.safetensors"));
  EXPECT_EQ(Run::open(request.out, {})->history()->size(), 4U);
}

TEST(FitNetwork, AResumedFitHasTheSameSettingsAndData) {
  const Project project;
  NetworkFitRequest request;
  request.out = project.run("run");
  const std::vector<std::string> base = {"train.loss=cross_entropy", "train.optimizer=sgd"};
  ASSERT_TRUE(fit(project.spec("epochs = 1\n", base), request).ok());
  request.resume = true;
  const auto resumed = [&](std::vector<std::string> sets) {
    sets.insert(sets.begin(), base.begin(), base.end());
    const auto outcome = fit(project.spec("epochs = 1\n", sets), request);
    EXPECT_TRUE(outcome.ok() || outcome.error().code == Code::kUsage);
    return outcome.ok() ? "" : outcome.error().message;
  };
  for (const std::string set :
       {"train.label_smoothing=0.1", "train.class_weights=[1.0, 2.0, 1.0]", "train.loss=mse",
        "train.huber_delta=2.0", "train.clip_norm=1.0", "train.shuffle=false",
        "train.schedule=cosine", "train.optimizer.lr=0.5",
        "train.early_stopping.monitor=train_loss", "model.layers[0].activation=tanh",
        "model.layers[1].rate=0.2", "model.init=torch", "data.standardise=false",
        "data.valid_shuffle=false", "data.valid_first=true", "data.valid_stratified=true",
        "data.valid_fraction=0.3", "seed=4"}) {
    const std::string key = set.substr(0, set.find('='));
    EXPECT_THAT(resumed({set}), HasSubstr("another training: there \"" + key.substr(0, 12))) << set;
  }
  EXPECT_EQ(resumed({"train.epochs=2", "train.early_stopping.patience=9",
                     "train.early_stopping.restore_best=true", "train.checkpoint_seconds=3.0"}),
            "");
  const std::string data = project.run("data");
  std::filesystem::rename(data, project.run("moved"));
  EXPECT_EQ(resumed({"train.epochs=2", "data.path=" + project.run("moved")}), "");
  write(project.run("moved/train.csv"), blobs(300, 8));
  EXPECT_THAT(resumed({"train.epochs=2", "data.path=" + project.run("moved")}),
              HasSubstr("another training: there \"data "));
}

TEST(FitNetwork, RegressionHasErrorsForMetrics) {
  const Project project;
  NetworkFitRequest request;
  request.out = project.run("run");
  const auto outcome =
      fit(project.spec("epochs = 30\n",
                       {"task=regress", "data.target_columns=[\"x\", \"y\"]",
                        "train.optimizer.lr=0.02", "model.layers[1].rate=0.0",
                        "model.layers[2].units=2", "model.layers[2].activation=linear"}),
          request);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_LT(outcome->metrics.at("test_mse"), 0.4);  // the noise has 0.25, the targets about 2
  EXPECT_EQ(outcome->metrics.at("test_loss"), outcome->metrics.at("test_mse"));
  EXPECT_LT(outcome->metrics.at("valid_mae"), 0.6);
  const auto device = make_reference_device();
  auto saved = SavedNetwork::open(request.out, *device);
  ASSERT_TRUE(saved.ok()) << saved.error().message;
  EXPECT_TRUE(saved->labels().empty());
}

TEST(FitNetwork, WhatDoesNotFitTheDataIsAUsageError) {
  const Project project;
  const auto failure = [&](const std::vector<std::string>& sets) {
    const auto outcome = fit(project.spec("epochs = 1\n", sets), {});
    EXPECT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, Code::kUsage);
    return outcome.error().message;
  };
  EXPECT_THAT(failure({"model.layers[2].units=4"}), HasSubstr("4 outputs, the data 3 classes"));
  EXPECT_THAT(failure({"data.grey=true"}), HasSubstr("grey"));
  EXPECT_THAT(failure({"train.loss=binary_cross_entropy", "model.layers[2].activation=softmax",
                       "train.class_weights=[1.0]", "train.loss=cross_entropy"}),
              HasSubstr("1 class weights for 3 classes"));
}

TEST(FitNetwork, ADivergingFitFailsAndSaysWhere) {
  const Project project;
  NetworkFitRequest request;
  request.out = project.run("run");
  const auto outcome = fit(
      project.spec("epochs = 5\n", {"train.optimizer=sgd", "train.optimizer.lr=1e38"}), request);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, Code::kFailed);
  EXPECT_THAT(outcome.error().message, HasSubstr("epoch"));
}

TEST(SavedNetwork, EvaluatesClassesByTheirNames) {
  const Project project;
  NetworkFitRequest request;
  request.out = project.run("run");
  ASSERT_TRUE(fit(project.spec("epochs = 8\n"), request).ok());
  const auto device = make_reference_device();
  auto saved = SavedNetwork::open(request.out, *device);
  ASSERT_TRUE(saved.ok()) << saved.error().message;
  auto set = read_labelled(project.run("data"));
  ASSERT_TRUE(set.ok());
  LabelledData& test = set->test;
  const auto accuracy = [&] { return saved->evaluate(test, all_of(test))->at("accuracy"); };
  const double expected = accuracy();
  EXPECT_GT(expected, 0.8);
  for (std::int32_t& label : test.labels) label = 2 - label;
  test.classes = {"2", "1", "0"};
  EXPECT_EQ(accuracy(), expected);
  test.classes = {"c", "b", "a"};  // names for one side alone: by number
  EXPECT_LT(accuracy(), 0.6);
  test.classes = {"2", "1", "new"};
  const auto unknown = saved->evaluate(test, all_of(test));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::kUsage);
  EXPECT_THAT(unknown.error().message, HasSubstr("no class \"new\", only 0, 1, 2"));
}

TEST(SavedNetwork, ADamagedRunIsBadData) {
  const Project project;
  NetworkFitRequest request;
  request.out = project.run("run");
  ASSERT_TRUE(fit(project.spec("epochs = 1\n"), request).ok());
  const auto device = make_reference_device();
  const auto damaged = [&](const std::string& file, const std::string& from,
                           const std::string& to) {
    const std::string path = request.out + "/" + file, good = contents_of(path);
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    write(path, text);
    const auto saved = SavedNetwork::open(request.out, *device);
    write(path, good);
    EXPECT_FALSE(saved.ok()) << to;
    return saved.ok() ? Code::kFailed : saved.error().code;
  };
  EXPECT_EQ(damaged("model.safetensors", "dense_2.bias", "dense_3.bias"), Code::kBadData);
  EXPECT_EQ(damaged("model.safetensors", "features.mean", "features.maen"), Code::kBadData);
  EXPECT_EQ(damaged("model.safetensors", "\"sample_shape\":\"2\"", "\"sample_shape\":\"9\""),
            Code::kBadData);
  EXPECT_EQ(damaged("model.safetensors", "\"sample_shape\":\"2\"", "\"sample_shape\":\"x\""),
            Code::kBadData);
  EXPECT_EQ(damaged("spec.toml", "units = 16", "units = 17"), Code::kBadData);
  EXPECT_EQ(damaged("labels.txt", "0\n1\n2\n", "0\n1\n23\n"), Code::kBadData);
  EXPECT_TRUE(SavedNetwork::open(request.out, *device).ok());
}

}  // namespace
}  // namespace bascule::nn
