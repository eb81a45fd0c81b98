// Mult-VAE, Mult-DAE, RecVAE and ELSA on the emulated cuda device: learning, validation and lists
// as on the CPU, and what happens when the driver fails in the middle of it.
#include <gtest/gtest.h>

#include "cuda/every_failure.h"
#include "cuda/open_fake.h"
#include "devices/cuda/device.h"
#include "unit/cuda/same_lists.h"
#include "unit/cuda/small_autoencoders.h"

namespace bascule::cuda {
namespace {

using autoencoder_testing::small_elsa, autoencoder_testing::small_mult_vae;
using autoencoder_testing::small_rec_vae, autoencoder_testing::users;
using bascule::test::FakeDriver, bascule::test::open_fake;

Result<Learned> learn(Autoencoder& model) {
  const Split& split = users();
  const LearnRequest request{split.train.view(), split.valid_in.view(), split.valid_out.view(), {}};
  return model.learn(request, default_pool());
}

/// Learns on either device: the same losses, metrics and scores.
template <class Model, class Options>
void expect_alike(const Options& options) {
  FakeDriver fake;
  Model on_gpu(options), on_cpu(options);
  ASSERT_TRUE(on_gpu.use_device(open_fake(fake)).ok());
  const auto learned = learn(on_gpu), expected = learn(on_cpu);
  ASSERT_TRUE(learned.ok()) << learned.error().message;
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  ASSERT_EQ(learned->history.size(), expected->history.size());
  for (std::size_t e = 0; e < learned->history.size(); ++e) {
    for (const auto& [name, value] : expected->history[e].metrics)
      EXPECT_NEAR(learned->history[e].metric(name), value, 1e-3 * std::max(1.0, std::abs(value)))
          << name << " of epoch " << e;
  }
  const auto lists = [](const Autoencoder& model) {
    return model.recommend_all(users().test_in.view(), {10, true}, default_pool());
  };
  const TopLists ours = lists(on_gpu), theirs = lists(on_cpu);
  for (std::size_t i = 0; i < ours.scores.size(); ++i)
    EXPECT_NEAR(ours.scores[i], theirs.scores[i], 2e-3) << i;
  EXPECT_TRUE(on_gpu.device_status().ok());

  SafetensorsWriter writer;
  on_gpu.save(writer);
  const TempFolder folder;
  ASSERT_TRUE(writer.write(folder / "model.safetensors").ok());
  Model loaded(options);
  const std::shared_ptr<Device> device = open_fake(fake);
  ASSERT_TRUE(loaded.use_device(device).ok());
  ASSERT_TRUE(loaded.load(SafetensorsFile::open(folder / "model.safetensors").value()).ok());
  const int before = fake.calls();
  const TopLists again = lists(loaded);
  EXPECT_GT(fake.calls(), before);
  EXPECT_EQ(again.items, ours.items);
  EXPECT_EQ(again.scores, ours.scores);
  Model on_host(options);
  ASSERT_TRUE(on_host.load(SafetensorsFile::open(folder / "model.safetensors").value()).ok());
  bascule::test::expect_same_lists(loaded, on_host, users().test_in.view(), *device);
}

TEST(CudaAutoencoders, MultVaeLearnsAsOnTheCpu) {
  expect_alike<MultVae>(small_mult_vae(true, 2));
}

TEST(CudaAutoencoders, MultDaeLearnsAsOnTheCpu) {
  expect_alike<MultVae>(small_mult_vae(false, 2));
}

TEST(CudaAutoencoders, RecVaeLearnsAsOnTheCpu) {
  expect_alike<RecVae>(small_rec_vae(1));
}

TEST(CudaAutoencoders, ElsaLearnsAsOnTheCpu) {
  expect_alike<Elsa>(small_elsa(2));
}

TEST(CudaAutoencoders, ASampledSoftmaxLearnsAsOnTheCpu) {
  MultVaeOptions options = small_mult_vae(true, 2);
  options.sampled_softmax = 20;
  expect_alike<MultVae>(options);
}

TEST(CudaAutoencoders, AFailureInMidTrainingIsTold) {
  int calls = 0;
  {
    FakeDriver fake;
    MultVae model(small_mult_vae(true, 2));
    ASSERT_TRUE(model.use_device(open_fake(fake)).ok());
    ASSERT_TRUE(learn(model).ok());
    calls = fake.calls();
  }
  int told = 0;
  for (int part = 2; part < 10; ++part) {
    FakeDriver fake;
    auto device = open_fake(fake);
    MultVae model(small_mult_vae(true, 2));
    ASSERT_TRUE(model.use_device(std::move(device)).ok());
    fake.fail_at = fake.calls() + (calls - fake.calls()) / 10 * part;
    const auto learned = learn(model);
    if (learned.ok()) {
      EXPECT_TRUE(fake.failed().empty() || bascule::test::may_fail_silently(fake.failed()))
          << fake.failed();
      continue;
    }
    ++told;
    EXPECT_EQ(learned.error().code, Code::kFailed);
    EXPECT_TRUE(learned.error().message.starts_with("cuda:0: ")) << learned.error().message;
  }
  EXPECT_GT(told, 4);
}

TEST(CudaAutoencoders, ListsOfADeviceThatFailedAreNotTrusted) {
  FakeDriver fake;
  MultVae model(small_mult_vae(true, 2));
  ASSERT_TRUE(model.use_device(open_fake(fake)).ok());
  ASSERT_TRUE(learn(model).ok());
  fake.fail_at = fake.calls() + 20;
  const TopLists lists = model.recommend_all(users().test_in.view(), {10, true}, default_pool());
  EXPECT_EQ(lists.users, users().test_in.rows());
  ASSERT_FALSE(model.device_status().ok());
  EXPECT_EQ(model.device_status().error().code, Code::kFailed);
  EXPECT_TRUE(model.device_status().error().message.starts_with("cuda:0: "));
}

}  // namespace
}  // namespace bascule::cuda
