#include <cmath>
#include <filesystem>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/graph/ops.h>
#include <bascule/nn/trainer.h>

#include "file_text.h"
#include "temp_folder.h"

namespace bascule::nn {
namespace {

using ::testing::HasSubstr;

/// Points of four features in three classes; the class is the largest of the first three.
class Task {
 public:
  explicit Task(std::int64_t samples) {
    const Philox random(5);
    part_.samples = samples;
    part_.sample_shape = Shape{4};
    part_.floats = Buffer<float>::make(static_cast<std::size_t>(samples * 4)).value();
    part_.classes = {"a", "b", "c"};
    for (std::size_t i = 0; i < static_cast<std::size_t>(samples); ++i) {
      std::int32_t label = 0;
      for (std::size_t f = 0; f < 4; ++f) {
        part_.floats[i * 4 + f] = static_cast<float>(random.normal(i * 4 + f));
        if (f < 3 &&
            part_.floats[i * 4 + f] > part_.floats[i * 4 + static_cast<std::size_t>(label)])
          label = static_cast<std::int32_t>(f);
      }
      part_.labels.push_back(label);
    }
    features_ = std::make_unique<Features>(Features::make(part_, {}).value());
    all_ = all_samples(*features_, part_);
  }

  [[nodiscard]] LabelledData& part() { return part_; }
  [[nodiscard]] Samples samples(std::int32_t begin, std::int32_t end) const {
    Samples some = all_;
    some.numbers.assign(all_.numbers.begin() + begin, all_.numbers.begin() + end);
    return some;
  }
  [[nodiscard]] Samples train() const { return samples(0, 203); }  // a short last batch
  [[nodiscard]] Samples valid() const { return samples(203, 300); }

 private:
  LabelledData part_;
  std::unique_ptr<Features> features_;
  Samples all_;
};

class Trainer : public ::testing::Test {
 protected:
  Trainer() : device_(make_reference_device()) {}

  Network network(std::uint64_t seed = 1) {
    auto made = Network::make({dense(8, "relu"), batch_norm(), dropout(0.2), dense(3, "softmax")},
                              {4}, *device_, seed);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return std::move(made).value();
  }

  static FitOptions options(std::int64_t epochs) {
    FitOptions o;
    o.optimizer = adam(0.01);
    o.schedule.type = "step";
    o.schedule.every = 2;
    o.schedule.gamma = 0.9;
    o.epochs = epochs;
    o.batch_size = 2;  // so that sums move off the device within an epoch
    return o;
  }

  FitResult run(Network& net, const FitOptions& o) {
    auto result = fit(net, task_.train(), task_.valid(), o);
    EXPECT_TRUE(result.ok()) << result.error().message;
    return std::move(result).value();
  }

  static std::string state(const Network& net) {
    std::string text;
    const auto snapshot = VariableSnapshot::take(net.store(), kAllRoles).value();
    for (const auto& entry : snapshot.entries()) {
      text += entry.name;
      text.append(reinterpret_cast<const char*>(entry.bytes.data()), entry.bytes.size());
    }
    return text;
  }

  static void expect_same(const History& a, const History& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].metrics, b[i].metrics) << "epoch " << i + 1;
      EXPECT_EQ(a[i].best, b[i].best);
      EXPECT_EQ(a[i].learning_rate, b[i].learning_rate);
    }
  }

  std::unique_ptr<Device> device_;
  Task task_{300};
};

TEST_F(Trainer, LearnsAndIsTheSameEveryTime) {
  Network a = network(), b = network();
  const FitResult first = run(a, options(6)), second = run(b, options(6));
  expect_same(first.history, second.history);
  EXPECT_EQ(state(a), state(b));
  EXPECT_GT(first.history.back().metric("valid_accuracy"), 0.6);
  const auto means = evaluate(a, task_.valid(), cross_entropy());
  ASSERT_TRUE(means.ok());
  EXPECT_EQ(means->at("accuracy"), first.history.back().metric("valid_accuracy"));
  Network c = network();
  FitOptions other = options(6);
  other.seed = 2;
  run(c, other);
  EXPECT_NE(state(a), state(c));
}

TEST_F(Trainer, ThreadsDoNotChangeABit) {
  std::string one;
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    const auto cpu = make_cpu_device(pool);
    auto net = Network::make({dense(33, "relu"), dropout(0.2), dense(3, "softmax")}, {4}, *cpu);
    ASSERT_TRUE(net.ok()) << net.error().message;
    FitOptions o = options(3);
    o.batch_size = 32;
    run(*net, o);
    if (one.empty()) one = state(*net);
    EXPECT_EQ(state(*net), one) << threads;
  }
}

TEST_F(Trainer, TrainLossIsTheMeanOverTheSamples) {
  Network net = network();
  FitOptions o = options(1);
  o.optimizer = sgd(0);  // nothing changes, so it can be computed afterwards
  auto plain = Network::make({dense(3, "softmax")}, {4}, *device_, 1);
  ASSERT_TRUE(plain.ok());
  const FitResult result = run(*plain, o);
  const auto means = evaluate(*plain, task_.train(), cross_entropy());
  EXPECT_NEAR(result.history[0].metric("train_loss"), means->at("loss"), 1e-6);
}

TEST_F(Trainer, ResumedAtAnyEpochIsTheUninterruptedFit) {
  Network whole = network();
  const FitResult expected = run(whole, options(5));
  for (std::int64_t stop = 0; stop <= 5; ++stop) {
    SCOPED_TRACE(stop);
    const TempFolder folder;
    FitOptions o = options(stop);
    o.checkpoints = folder.path();
    Network first = network();
    run(first, o);
    Network second = network(9);  // its own values must not matter
    o.epochs = 5;
    o.resume = true;
    const FitResult resumed = run(second, o);
    if (stop > 0) {
      expect_same(resumed.history, expected.history);
      EXPECT_EQ(state(second), state(whole));
      EXPECT_EQ(resumed.best_epoch, expected.best_epoch);
    }
  }
}

TEST_F(Trainer, InterruptedAtAnyStepAndResumedIsTheSameToo) {
  Network whole = network();
  const FitResult expected = run(whole, options(2));
  for (const int stop : {1, 63, 64, 65, 101, 102, 103, 166}) {
    SCOPED_TRACE(stop);
    const TempFolder folder;
    FitOptions o = options(2);
    o.checkpoints = folder.path();
    int steps = 0;
    o.interrupted = [&] { return ++steps > stop; };
    Network first = network();
    EXPECT_EQ(run(first, o).stop, FitStop::kInterrupted);
    o.interrupted = [] { return false; };
    o.resume = true;
    Network second = network(9);
    const FitResult resumed = run(second, o);
    expect_same(resumed.history, expected.history);
    EXPECT_EQ(state(second), state(whole));
  }
}

TEST_F(Trainer, StopsEarlyAndRestoresTheBest) {
  FitOptions o = options(50);
  o.optimizer = sgd(0.5);
  o.optimizer.momentum = 0;
  o.early_stopping = {3, "valid_accuracy", true};
  Network net = network();
  const FitResult result = run(net, o);
  ASSERT_EQ(result.stop, FitStop::kEarly);
  EXPECT_EQ(static_cast<std::int64_t>(result.history.size()), result.best_epoch + 3);
  const EpochResult* best = best_epoch(result.history, "valid_accuracy");
  ASSERT_NE(best, nullptr);
  EXPECT_EQ(best->epoch, result.best_epoch);
  EXPECT_EQ(evaluate(net, task_.valid(), o.loss)->at("accuracy"), best->metric("valid_accuracy"));
}

TEST_F(Trainer, StopsWhenTheLossIsNotANumber) {
  const TempFolder folder;
  FitOptions o = options(20);
  o.optimizer = sgd(1e38);
  o.checkpoints = folder.path();
  Network net = network();
  const FitResult result = run(net, o);
  EXPECT_EQ(result.stop, FitStop::kNotFinite);
  EXPECT_THAT(result.message, HasSubstr("epoch 1"));
  EXPECT_FALSE(std::filesystem::exists(folder / "last.safetensors"));
}

TEST_F(Trainer, ACheckpointOfAnotherModelOrTrainingIsRefused) {
  const TempFolder folder;
  FitOptions o = options(1);
  o.checkpoints = folder.path();
  Network net = network();
  run(net, o);
  o.resume = true;
  auto other = Network::make({dense(9, "relu"), dense(3, "softmax")}, {4}, *device_);
  auto refused = fit(*other, task_.train(), task_.valid(), o);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
  EXPECT_THAT(refused.error().message,
              HasSubstr("another model: there \"dense_1.weight f32[4, 8]"));
  o.batch_size = 3;
  refused = fit(net, task_.train(), task_.valid(), o);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
  EXPECT_THAT(refused.error().message, HasSubstr("batch_size 2\", here \"batch_size 3"));
  const auto reason = [&](const FitOptions& changed) {
    return fit(net, task_.train(), task_.valid(), changed).error().message;
  };
  o.batch_size = 2;
  FitOptions changed = o;
  changed.loss = cross_entropy({.label_smoothing = 0.1});
  EXPECT_THAT(reason(changed), HasSubstr("there \"step "));
  changed = o;
  changed.early_stopping.monitor = "valid_accuracy";
  EXPECT_THAT(reason(changed), HasSubstr("there \"monitor valid_loss\""));
  auto rarer = Network::make({dense(8, "relu"), batch_norm(), dropout(0.3), dense(3, "softmax")},
                             {4}, *device_);
  EXPECT_THAT(fit(*rarer, task_.train(), task_.valid(), o).error().message,
              HasSubstr("another training: there \"step "));
  task_.part().labels[299] = (task_.part().labels[299] + 1) % 3;
  EXPECT_THAT(reason(o), HasSubstr("there \"data "));
}

TEST_F(Trainer, ADamagedCheckpointIsBadData) {
  const TempFolder folder;
  FitOptions o = options(2);
  o.checkpoints = folder.path();
  Network net = network();
  run(net, o);
  o.resume = true;
  const std::string path = folder / "last.safetensors";
  const std::string good = contents_of(path);
  const auto code = [&](const std::string& text) {
    write_text(path, text);
    Network fresh = network();
    const auto result = fit(fresh, task_.train(), task_.valid(), o);
    return result.ok() ? Code::kInterrupted : result.error().code;
  };
  EXPECT_EQ(code(good.substr(0, good.size() - 1)), Code::kBadData);
  EXPECT_EQ(code(""), Code::kBadData);
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\\\"epoch\\\":2,\\\"batch", "\\\"epoch\\\":7,\\\"batch"},
           {"\\\"batch\\\":0", "\\\"batch\\\":9"},
           {"\\\"history\\\":[", "\\\"histery\\\":["},
           {"optimizer.dense_1.bias.mean", "optimizer.dense_1.bias.mexn"}}) {
    std::string text = good;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    if (to.ends_with(":9")) {  // a batch count that an epoch of 102 has is accepted
      EXPECT_EQ(code(text), Code::kInterrupted);
    } else {
      EXPECT_EQ(code(text), Code::kBadData) << to;
    }
  }
  Network unharmed = network();
  write_text(path, good);
  EXPECT_EQ(run(unharmed, o).history.size(), 2U);
}

TEST_F(Trainer, MistakesAreUsageErrors) {
  Network net = network();
  FitOptions o = options(1);
  o.early_stopping.monitor = "valid_mse";
  EXPECT_EQ(fit(net, task_.train(), task_.valid(), o).error().code, Code::kUsage);
  o = options(1);
  o.loss = {"one number", [](const Activated& out, const Value&) { return sum(out.after); }};
  EXPECT_THAT(fit(net, task_.train(), {}, o).error().message, HasSubstr("for each sample"));
  o = options(1);
  o.optimizer.type = "adan";
  EXPECT_THAT(fit(net, task_.train(), {}, o).error().message, HasSubstr("did you mean adam"));
  o = options(1);
  o.schedule.type = "cosin";
  EXPECT_THAT(fit(net, task_.train(), {}, o).error().message, HasSubstr("did you mean cosine"));
  auto narrow = Network::make({dense(3)}, {5}, *device_);
  EXPECT_THAT(fit(*narrow, task_.train(), {}, options(1)).error().message, HasSubstr("[5]"));
}

TEST_F(Trainer, SavedParametersPredictTheSame) {
  const TempFolder folder;
  Network net = network();
  run(net, options(1));
  ASSERT_TRUE(net.save(folder / "model.safetensors").ok());
  Network other = network(4);
  const std::vector<float> x(4 * 300, 0.5F);
  EXPECT_NE(*net.predict(x), *other.predict(x));
  ASSERT_TRUE(other.load(folder / "model.safetensors").ok());
  EXPECT_EQ(*net.predict(x), *other.predict(x));
  EXPECT_EQ(net.predict(std::span(x).first(5)).error().code, Code::kUsage);
  auto narrow = Network::make({dense(3)}, {4}, *device_);
  EXPECT_EQ(narrow->load(folder / "model.safetensors").error().code, Code::kBadData);
}

}  // namespace
}  // namespace bascule::nn
