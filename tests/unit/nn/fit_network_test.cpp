#include <cmath>
#include <filesystem>
#include <fstream>

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
  const auto again = saved->evaluate(set->test);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->at("accuracy"), outcome->metrics.at("test_accuracy"));
  EXPECT_EQ(again->at("loss"), outcome->metrics.at("test_loss"));
  const auto probabilities = saved->predict(set->test);
  ASSERT_TRUE(probabilities.ok());
  ASSERT_EQ(probabilities->size(), 300U);
  for (std::size_t i = 0; i < 300; i += 3)
    EXPECT_NEAR((*probabilities)[i] + (*probabilities)[i + 1] + (*probabilities)[i + 2], 1, 1e-5);

  const auto run = Run::open(request.out, {});
  ASSERT_TRUE(run.ok());
  const auto lines = run->history();
  ASSERT_TRUE(lines.ok());
  EXPECT_EQ(lines->size(), 12U);
  EXPECT_TRUE(std::filesystem::exists(run->file("report.html")));
  EXPECT_TRUE(std::filesystem::exists(run->file("checkpoints/last.safetensors")));
}

}  // namespace
}  // namespace bascule::nn
