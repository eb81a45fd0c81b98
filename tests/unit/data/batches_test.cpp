#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/data/batches.h>

namespace bascule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::int32_t> numbers(std::int32_t count) {
  std::vector<std::int32_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Sample i has the features (i, -i) and the label i % 3.
LabelledData counting_part(std::int32_t samples) {
  LabelledData part;
  part.samples = samples;
  part.sample_shape = Shape({2});
  part.floats = Buffer<float>::make(static_cast<std::size_t>(samples) * 2).value();
  part.classes = {"a", "b", "c"};
  for (std::int32_t i = 0; i < samples; ++i) {
    part.floats[static_cast<std::size_t>(i) * 2] = static_cast<float>(i);
    part.floats[static_cast<std::size_t>(i) * 2 + 1] = static_cast<float>(-i);
    part.labels.push_back(i % 3);
  }
  return part;
}

BatchOptions options_of(std::int64_t batch_size, bool shuffle = true, bool keep_short = true) {
  BatchOptions options;
  options.batch_size = batch_size;
  options.shuffle = shuffle;
  options.keep_short = keep_short;
  options.seed = 11;
  return options;
}

BatchPlan plan_of(std::int32_t samples, const BatchOptions& options) {
  return BatchPlan::make(numbers(samples), options).value();
}

/// What a source gives, checked against its own features: the samples in their order.
std::vector<std::int32_t> drain(BatchSource& source, std::int64_t batch_size) {
  std::vector<std::int32_t> samples;
  for (;;) {
    const auto batch = source.next();
    EXPECT_TRUE(batch.ok());
    if (!batch.ok() || batch->count == 0) return samples;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch->features) % 64, 0U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(batch->labels) % 64, 0U);
    EXPECT_EQ(batch->targets, nullptr);
    for (std::int64_t i = 0; i < batch_size; ++i) {
      const float value = batch->features[i * 2];
      EXPECT_EQ(batch->features[i * 2 + 1], -value);
      if (i < batch->count) {
        samples.push_back(static_cast<std::int32_t>(value));
        EXPECT_EQ(batch->labels[i], samples.back() % 3);
      } else {
        EXPECT_EQ(value, 0);
        EXPECT_EQ(batch->labels[i], 0);
      }
    }
    source.give_back();
  }
}

TEST(SplitSamples, TheLastOnesValidate) {
  const LabelledData part = counting_part(10);
  const auto split = split_samples(part, {});
  ASSERT_TRUE(split.ok()) << split.error().message;
  EXPECT_EQ(split->train, numbers(8));
  EXPECT_THAT(split->valid, ElementsAre(8, 9));
  SampleSplitOptions none;
  none.fraction = 0;
  EXPECT_TRUE(split_samples(part, none)->valid.empty());
}

TEST(SplitSamples, ShufflesBySeedAndKeepsEverySample) {
  const LabelledData part = counting_part(1000);
  SampleSplitOptions options;
  options.shuffle = true;
  options.seed = 3;
  const auto split = split_samples(part, options).value();
  EXPECT_EQ(split.valid.size(), 200U);
  EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
  EXPECT_TRUE(std::is_sorted(split.valid.begin(), split.valid.end()));
  std::set<std::int32_t> all(split.train.begin(), split.train.end());
  all.insert(split.valid.begin(), split.valid.end());
  EXPECT_EQ(all.size(), 1000U);
  EXPECT_EQ(split_samples(part, options)->valid, split.valid);
  options.seed = 4;
  EXPECT_NE(split_samples(part, options)->valid, split.valid);
  EXPECT_LT(split.valid.front(), 100);
}

TEST(SplitSamples, StratifiesByClass) {
  LabelledData part = counting_part(0);
  part.samples = 110;
  // 100 of class 0, then 10 of class 2.
  part.labels.assign(100, 0);
  part.labels.insert(part.labels.end(), 10, 2);
  SampleSplitOptions options;
  options.stratified = true;
  for (const bool shuffle : {false, true}) {
    options.shuffle = shuffle;
    const auto split = split_samples(part, options).value();
    ASSERT_EQ(split.valid.size(), 22U);
    EXPECT_EQ(
        std::count_if(split.valid.begin(), split.valid.end(), [](auto i) { return i >= 100; }), 2);
  }
  options.shuffle = false;
  EXPECT_EQ(split_samples(part, options)->valid.back(), 109);
  EXPECT_EQ(split_samples(part, options)->valid.front(), 80);
  options.first = true;
  const auto first = split_samples(part, options).value();
  EXPECT_EQ(first.valid.front(), 0);
  EXPECT_EQ(first.valid[19], 19);
  EXPECT_EQ(first.valid[20], 100);
  EXPECT_EQ(first.valid.back(), 101);
  EXPECT_EQ(first.train.front(), 20);
  EXPECT_EQ(first.train.size(), 88U);
}

TEST(SplitSamples, RefusesWhatCannotBe) {
  LabelledData part = counting_part(3);
  SampleSplitOptions options;
  for (const double fraction : {-0.1, 1.0, 0.9}) {  // 0.9 of 3 rounds to all of them
    options.fraction = fraction;
    const auto split = split_samples(part, options);
    ASSERT_FALSE(split.ok()) << fraction;
    EXPECT_EQ(split.error().code, Code::kUsage);
  }
  options = {};
  options.stratified = true;
  part.labels.clear();
  EXPECT_FALSE(split_samples(part, options).ok());
}

TEST(BatchPlan, OrdersAnEpochBySeedAndNumber) {
  const BatchPlan plan = plan_of(100, options_of(8));
  EXPECT_EQ(plan.batches(), 13);
  EXPECT_EQ(plan_of(100, options_of(8, true, false)).batches(), 12);
  std::vector<std::int32_t> first(100), again(100), second(100);
  plan.order(0, first);
  plan.order(1, second);
  plan.order(0, again);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, second);
  EXPECT_NE(first, numbers(100));
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, numbers(100));
  plan_of(100, options_of(8, false)).order(5, again);
  EXPECT_EQ(again, numbers(100));
}

TEST(BatchPlan, RefusesWhatGivesNoBatch) {
  EXPECT_FALSE(BatchPlan::make({}, options_of(4)).ok());
  EXPECT_FALSE(BatchPlan::make(numbers(3), options_of(0)).ok());
  EXPECT_FALSE(BatchPlan::make(numbers(3), options_of(4, true, false)).ok());
  EXPECT_TRUE(BatchPlan::make(numbers(3), options_of(4)).ok());
}

class BatchSourceDepth : public testing::TestWithParam<int> {};

TEST_P(BatchSourceDepth, GivesEveryEpochInThePlansOrder) {
  const LabelledData part = counting_part(101);
  const Features features = Features::make(part, {}).value();
  const BatchPlan plan = plan_of(101, options_of(8));
  BatchSource source = BatchSource::make(features, part, plan, GetParam()).value();
  EXPECT_EQ(source.next()->count, 0);  // nothing was started
  std::vector<std::int32_t> expected;
  std::vector<std::int32_t> order(101);
  for (const std::int64_t epoch : {4, 5, 6}) {
    plan.order(epoch, order);
    expected.insert(expected.end(), order.begin(), order.end());
  }
  source.start(4, 3);
  EXPECT_EQ(drain(source, 8), expected);
  EXPECT_EQ(source.next()->count, 0);
  source.start(6);
  EXPECT_EQ(drain(source, 8), order);
}

TEST_P(BatchSourceDepth, NumbersBatchesAndMarksTheLast) {
  const LabelledData part = counting_part(10);
  const Features features = Features::make(part, {}).value();
  BatchSource source =
      BatchSource::make(features, part, plan_of(10, options_of(4, false)), GetParam()).value();
  source.start(2, 2);
  for (const std::int64_t epoch : {2, 3}) {
    for (const std::int64_t index : {0, 1, 2}) {
      const Batch batch = source.next().value();
      EXPECT_EQ(batch.epoch, epoch);
      EXPECT_EQ(batch.index, index);
      EXPECT_EQ(batch.last, index == 2);
      EXPECT_EQ(batch.count, index == 2 ? 2 : 4);
      source.give_back();
    }
  }
}

TEST_P(BatchSourceDepth, CarriesTargets) {
  LabelledData part = counting_part(3);
  part.labels.clear();
  part.target_width = 2;
  part.targets = {1, 2, 3, 4, 5, 6};
  const Features features = Features::make(part, {}).value();
  BatchSource source =
      BatchSource::make(features, part, plan_of(3, options_of(2, false)), GetParam()).value();
  source.start(0);
  const Batch first = source.next().value();
  EXPECT_EQ(first.labels, nullptr);
  EXPECT_THAT(std::vector<float>(first.targets, first.targets + 4), ElementsAre(1, 2, 3, 4));
  source.give_back();
  const Batch second = source.next().value();
  EXPECT_THAT(std::vector<float>(second.targets, second.targets + 4), ElementsAre(5, 6, 0, 0));
}

TEST_P(BatchSourceDepth, MayBeStoppedAndStartedAtAnyMoment) {
  const LabelledData part = counting_part(64);
  const Features features = Features::make(part, {}).value();
  const BatchPlan plan = plan_of(64, options_of(8));
  std::vector<std::int32_t> order(64);
  BatchSource source = BatchSource::make(features, part, plan, GetParam()).value();
  for (int round = 0; round < 300; ++round) {
    source.start(round, 2);
    for (int i = 0; i < round % 9; ++i) {
      ASSERT_GT(source.next()->count, 0);
      if (i % 2 == 0 || GetParam() == 0) source.give_back();
      if (i / 2 + 1 == GetParam()) break;  // all buffers are held
    }
    if (round % 3 == 0) {
      source.stop();
      EXPECT_EQ(source.next()->count, 0);
    }
  }
  source.start(7);
  plan.order(7, order);
  EXPECT_EQ(drain(source, 8), order);
  source.start(8);  // and goes while it works
}

TEST_P(BatchSourceDepth, RefusesABatchTooMany) {
  const LabelledData part = counting_part(64);
  const Features features = Features::make(part, {}).value();
  const int depth = std::max(GetParam(), 1);
  BatchSource source =
      BatchSource::make(features, part, plan_of(64, options_of(2)), GetParam()).value();
  source.start(0);
  std::vector<const float*> held;
  held.reserve(static_cast<std::size_t>(depth));
  for (int i = 0; i < depth; ++i) held.push_back(source.next()->features);
  EXPECT_EQ(std::set<const float*>(held.begin(), held.end()).size(),
            static_cast<std::size_t>(depth));
  EXPECT_EQ(source.next().error().code, Code::kUsage);
  source.give_back();
  EXPECT_EQ(source.next()->features, held.front());
}

/// Fails from one call on.
class BrokenReader : public SampleReader {
 public:
  explicit BrokenReader(int good) : good_(good) {}
  [[nodiscard]] std::int64_t width() const override { return 1; }
  void read(std::span<const std::int32_t> samples, float* out) const override {
    if (calls_++ >= good_) throw std::runtime_error("the disc is gone");
    std::fill_n(out, samples.size(), 1.0F);
  }

 private:
  int good_;
  mutable std::atomic<int> calls_ = 0;
};

TEST_P(BatchSourceDepth, HandsExceptionsOn) {
  const LabelledData part = counting_part(12);
  const BrokenReader reader(2);
  BatchSource source =
      BatchSource::make(reader, part, plan_of(12, options_of(2)), GetParam()).value();
  source.start(0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(source.next()->count, 2);
    source.give_back();
  }
  for (int i = 0; i < 2; ++i) {
    const auto batch = source.next();
    ASSERT_FALSE(batch.ok());
    EXPECT_EQ(batch.error().code, Code::kFailed);
    EXPECT_THAT(batch.error().message, HasSubstr("the disc is gone"));
  }
  source.stop();
  EXPECT_EQ(source.next()->count, 0);
}

TEST_P(BatchSourceDepth, TimingChangesNothing) {
  const LabelledData part = counting_part(60);
  const Features features = Features::make(part, {}).value();
  const BatchPlan plan = plan_of(60, options_of(4));
  std::vector<std::int32_t> order(60);
  plan.order(1, order);
  BatchSource source = BatchSource::make(features, part, plan, GetParam()).value();
  source.start(1);
  std::vector<std::int32_t> seen;
  for (int i = 0; i < 15; ++i) {
    if (i % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const Batch batch = source.next().value();
    for (std::int64_t r = 0; r < batch.count; ++r)
      seen.push_back(static_cast<std::int32_t>(batch.features[r * 2]));
    source.give_back();
  }
  EXPECT_EQ(seen, order);
}

INSTANTIATE_TEST_SUITE_P(Depths, BatchSourceDepth, testing::Values(0, 1, 3, 4));

TEST(BatchSource, APoolMakesSmallBatchesTogether) {
  const LabelledData part = counting_part(101);
  const Features features = Features::make(part, {}).value();
  const BatchPlan plan = plan_of(101, options_of(8));
  ThreadPool pool(2);
  BatchSource source = BatchSource::make(features, part, plan, 0, &pool).value();
  std::vector<std::int32_t> expected, order(101);
  for (const std::int64_t epoch : {4, 5, 6}) {
    plan.order(epoch, order);
    expected.insert(expected.end(), order.begin(), order.end());
  }
  source.start(4, 3);
  EXPECT_EQ(drain(source, 8), expected);
  // From the middle of what was made together, and with some of it held.
  for (int taken = 0; taken < 12; ++taken) {
    source.start(5, 2);
    for (int i = 0; i < taken; ++i) {
      ASSERT_EQ(source.next()->index, i);
      if (i > 2) source.give_back();
    }
    source.start(6);
    EXPECT_EQ(drain(source, 8), order);
  }
  source.start(0);
  std::set<const float*> held;
  for (int i = 0; i < 8; ++i) held.insert(source.next()->features);
  EXPECT_EQ(held.size(), 8U);
  EXPECT_EQ(source.next().error().code, Code::kUsage);
  source.give_back();
  EXPECT_EQ(source.next()->index, 8);
}

TEST(BatchSource, APoolsReaderThatFailsIsToldAtOnce) {
  const LabelledData part = counting_part(64);
  const BrokenReader reader(2);
  ThreadPool pool(2);
  BatchSource source =
      BatchSource::make(reader, part, plan_of(64, options_of(2)), 0, &pool).value();
  source.start(0);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(source.next().error().code, Code::kFailed);
  source.stop();
  EXPECT_EQ(source.next()->count, 0);
}

TEST(BatchSource, RefusesPlansOfOtherParts) {
  LabelledData part = counting_part(5);
  const Features features = Features::make(part, {}).value();
  EXPECT_FALSE(BatchSource::make(features, part, plan_of(6, options_of(2))).ok());
  part.labels.clear();
  EXPECT_FALSE(BatchSource::make(features, part, plan_of(5, options_of(2))).ok());
}

TEST(BatchSource, MayMove) {
  const LabelledData part = counting_part(8);
  const Features features = Features::make(part, {}).value();
  BatchSource first = BatchSource::make(features, part, plan_of(8, options_of(4, false))).value();
  first.start(0);
  BatchSource second = std::move(first);
  EXPECT_EQ(drain(second, 4), numbers(8));
}

}  // namespace
}  // namespace bascule
