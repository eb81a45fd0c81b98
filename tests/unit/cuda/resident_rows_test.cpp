// Batches put together on the emulated cuda device: the same bits as those that the host makes and
// sends, and so the same training.
#include <cstring>

#include <gtest/gtest.h>

#include <bascule/devices/device_activity.h>

#include "cuda/every_failure.h"
#include "cuda/open_fake.h"
#include "recsys/user_rows.h"
#include "unit/cuda/small_autoencoders.h"

namespace bascule::cuda {
namespace {

using autoencoder_testing::small_elsa, autoencoder_testing::small_mult_vae;
using autoencoder_testing::small_rec_vae, autoencoder_testing::users;
using bascule::test::FakeDriver, bascule::test::open_fake;

KeepsRows& keeps(Device& device) {
  return dynamic_cast<KeepsRows&>(device);
}

/// Rows of all lengths: none, one, fewer than a block has threads, more.
CsrMatrix ragged() {
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (const std::int32_t length : {3, 0, 1, 255, 256, 257, 900, 0, 12, 700}) {
    for (std::int32_t i = 0; i < length; ++i) {
      indices.push_back(i * (1000 / std::max(length, 1)) + length % 2);
      values.push_back(static_cast<float>(1 + i % 5) * 0.3F);
    }
    offsets.push_back(std::ssize(indices));
  }
  return CsrMatrix(Compressed::make(10, 1001, offsets, indices, values).value());
}

/// Offsets, indices and values of so many rows, as bytes: those of zeros differ, too.
std::string bytes_of(const CsrArgument& csr, std::size_t rows) {
  const auto stored = static_cast<std::size_t>(csr.offsets[rows]);
  std::string bytes;
  const auto add = [&](const void* data, std::size_t count) {
    bytes.append(static_cast<const char*>(data), count);
  };
  add(csr.offsets, (rows + 1) * sizeof(*csr.offsets));
  add(csr.indices, stored * sizeof(*csr.indices));
  add(csr.values, stored * sizeof(*csr.values));
  return bytes;
}

TEST(CudaResidentRows, AreThoseOfTheHostToTheBit) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  const CsrMatrix matrix = ragged();
  const auto kept = keeps(*device).keep(matrix.view(), 10, matrix.nonzeros());
  ASSERT_TRUE(kept.ok()) << kept.error().message;
  const std::vector<std::vector<std::int32_t>> batches = {
      {0}, {1}, {9, 6, 5}, {7, 8, 2, 0, 1, 3, 4, 5, 6, 9}, {}};
  std::uint64_t step = 0;
  for (const double rate : {0.0, 0.5, 0.97}) {
    for (const std::vector<std::int32_t>& rows : batches) {
      for (const bool backwards : {false, true}) {
        fake.backwards = backwards;
        const RowDropout dropout{rate, RandomValues(3, 4), step++};
        detail::UserRows plain, scaled;
        for (const std::int32_t row : rows) {
          plain.add(matrix.view().line(row));
          scaled.add_normalised(matrix.view().line(row), row, matrix.cols(), dropout);
        }
        (*kept)->gather(rows, dropout);
        ASSERT_TRUE(device->synchronize().ok());
        EXPECT_EQ(bytes_of((*kept)->plain(), rows.size()), bytes_of(plain.argument(), rows.size()));
        EXPECT_EQ(bytes_of((*kept)->scaled(), rows.size()),
                  bytes_of(scaled.argument(), rows.size()));
      }
    }
  }
}

TEST(CudaResidentRows, OnlyTheNumbersOfTheRowsCross) {
  FakeDriver fake;
  const auto device = open_fake(fake);
  const CsrMatrix matrix = ragged();
  const auto kept = keeps(*device).keep(matrix.view(), 4, matrix.nonzeros());
  ASSERT_TRUE(kept.ok());
  const auto& counted = dynamic_cast<const CountsActivity&>(*device);
  const std::int64_t before = counted.activity().to_device;
  const std::vector<std::int32_t> rows = {6, 3, 9};
  (*kept)->gather(rows, {});
  ASSERT_TRUE(device->synchronize().ok());
  EXPECT_EQ(counted.activity().to_device - before, 3 * 4);
}

TEST(CudaResidentRows, EveryFailureIsTold) {
  const CsrMatrix matrix = ragged();
  bascule::test::expect_every_failure_told(
      [&](Device& device) -> Status {
        BASCULE_ASSIGN(const auto kept, keeps(device).keep(matrix.view(), 4, matrix.nonzeros()));
        const std::vector<std::int32_t> rows = {6, 3, 9};
        kept->gather(rows, {0.5, RandomValues(1, 2), 3});
        return device.synchronize();
      },
      40);
}

TEST(CudaResidentRows, TooMuchForTheMemoryIsRefused) {
  FakeDriver fake;
  fake.memory = 4096;
  const auto device = open_fake(fake);
  const std::int64_t before = fake.allocated();
  const CsrMatrix matrix = ragged();
  const auto refused = keeps(*device).keep(matrix.view(), 4, matrix.nonzeros());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailed);
  EXPECT_EQ(fake.allocated(), before);
}

struct Course {
  std::vector<double> losses;
  std::vector<float> scores;
  std::vector<std::string> log;
  std::int64_t sent = 0;
};

/// The training users several times, so that their rows take more than the programs.
const CsrMatrix& many() {
  static const CsrMatrix matrix = [] {
    const CompressedView once = users().train.view();
    std::vector<std::int64_t> offsets = {0};
    std::vector<std::int32_t> indices;
    std::vector<float> values;
    for (int copy = 0; copy < 5; ++copy) {
      for (std::int64_t user = 0; user < once.majors; ++user) {
        const SparseLine line = once.line(user);
        indices.insert(indices.end(), line.indices.begin(), line.indices.end());
        values.insert(values.end(), line.values.begin(), line.values.end());
        offsets.push_back(std::ssize(indices));
      }
    }
    return CsrMatrix(
        Compressed::make(5 * once.majors, once.minors, offsets, indices, values).value());
  }();
  return matrix;
}

/// With `crowded`, others take memory of the GPU until there is little more than training takes.
template <class Model, class Options>
Course learn(const Options& options, bool crowded) {
  FakeDriver fake;
  const std::shared_ptr<Device> device = open_fake(fake);
  Model model(options);
  EXPECT_TRUE(model.use_device(device).ok());
  if (crowded) fake.memory = fake.allocated() + model.device_fit_bytes(many().view()).value();
  Course course;
  LearnRequest request{many().view(), {}, {}, {}};
  request.log = [&](const std::string& line) { course.log.push_back(line); };
  const auto& counted = dynamic_cast<const CountsActivity&>(*device);
  const std::int64_t before = counted.activity().to_device;
  const auto learned = model.learn(request, default_pool());
  EXPECT_TRUE(learned.ok()) << learned.error().message;
  if (!learned.ok()) return course;
  course.sent = counted.activity().to_device - before;
  for (const auto& epoch : learned->history) course.losses.push_back(epoch.metric("train_loss"));
  course.scores = model.recommend_all(users().test_in.view(), {10, true}, default_pool()).scores;
  return course;
}

template <class Model, class Options>
void expect_same_bits(const Options& options) {
  const Course stays = learn<Model>(options, false), sent = learn<Model>(options, true);
  EXPECT_EQ(stays.losses, sent.losses);
  EXPECT_EQ(stays.scores, sent.scores);
  EXPECT_FALSE(stays.scores.empty());
  EXPECT_TRUE(stays.log.empty());
  ASSERT_EQ(sent.log.size(), 1U);
  EXPECT_TRUE(sent.log[0].starts_with("batches are sent to cuda:0: the training rows take "))
      << sent.log[0];
  EXPECT_LT(stays.sent, sent.sent);
}

TEST(CudaResidentRows, MultVaeLearnsTheSame) {
  for (const bool variational : {true, false})
    expect_same_bits<MultVae>(small_mult_vae(variational, 3));
}

TEST(CudaResidentRows, RecVaeLearnsTheSame) {
  expect_same_bits<RecVae>(small_rec_vae(2));
}

TEST(CudaResidentRows, ElsaLearnsTheSame) {
  expect_same_bits<Elsa>(small_elsa(4));
}

TEST(CudaResidentRows, AModelThatDoesNotFitIsRefusedWithBothNumbers) {
  FakeDriver fake;
  const std::shared_ptr<Device> device = open_fake(fake);
  MultVaeOptions options;
  options.hidden = {12};
  options.latent = 5;
  MultVae model(options);
  ASSERT_TRUE(model.use_device(device).ok());
  const std::int64_t bytes = model.device_fit_bytes(users().train.view()).value();
  // Weights with their states, and the scores of the users that are judged at once.
  EXPECT_GT(bytes, 480 * 120 * 4);
  EXPECT_LT(bytes, 20'000'000);
  EXPECT_TRUE(check_fit_memory(model, users().train.view(), device.get()).ok());
  fake.memory = fake.allocated() + bytes - 1;
  const auto refused = check_fit_memory(model, users().train.view(), device.get());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailed);
  EXPECT_TRUE(
      refused.error().message.starts_with("mult-vae on 120 items takes 0.0 GB of memory on "
                                          "cuda:0, 0.0 GB are available; "))
      << refused.error().message;
  EXPECT_EQ(Popularity().device_fit_bytes(users().train.view()).value(), 0);
}

}  // namespace
}  // namespace bascule::cuda
