// The training graphs of RecVAE against loops in double, and how it learns.
#include <array>
#include <cmath>
#include <vector>

#include <bascule/devices/device.h>
#include <bascule/recsys/rec_vae.h>
#include <bascule/run/program.h>

#include "autoencoder_testing.h"
#include "recsys/rec_vae_graphs.h"

namespace bascule {
namespace {

using autoencoder_testing::dense;
using autoencoder_testing::DenseUsers;
using autoencoder_testing::draw;
using autoencoder_testing::expect_learns;
using autoencoder_testing::expect_repeats;
using autoencoder_testing::expect_slopes;
using autoencoder_testing::kBatch;
using autoencoder_testing::kItems;
using autoencoder_testing::multinomial_loss;
using autoencoder_testing::noise;
using autoencoder_testing::Parameters;
using autoencoder_testing::Row;
using autoencoder_testing::write;

constexpr std::int64_t kStep = 10;
constexpr double kGamma = 0.07;

RecVaeOptions small() {
  RecVaeOptions options;
  options.width = 9;
  options.depth = 3;
  options.latent = 4;
  options.optimizer = nn::sgd(0.01);
  options.seed = 5;
  return options;
}

double silu(double x) {
  return x / (1 + std::exp(-x));
}

/// Means, then logarithms of variances; of the variables whose names begin with `prefix`.
Row encode(const RecVaeOptions& options, const Row& x, const Parameters& p,
           const std::string& prefix) {
  const auto get = [&](const std::string& name) -> const std::vector<double>& {
    return p.at(prefix + name);
  };
  Row h = x, sum(static_cast<std::size_t>(options.width), 0);
  for (std::int64_t layer = 1; layer <= options.depth; ++layer) {
    const std::string number = std::to_string(layer);
    h = dense(h, get("encoder_" + number + ".weight"), get("encoder_" + number + ".bias"));
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < h.size(); ++i) {
      h[i] = silu(h[i] + sum[i]);
      mean += h[i] / static_cast<double>(h.size());
    }
    for (const double v : h) variance += (v - mean) * (v - mean) / static_cast<double>(h.size());
    for (std::size_t i = 0; i < h.size(); ++i) {
      h[i] = (h[i] - mean) / std::sqrt(variance + 0.1) * get("norm_" + number + ".weight")[i] +
             get("norm_" + number + ".bias")[i];
      sum[i] += h[i];
    }
  }
  return dense(h, get("encoder_last.weight"), get("encoder_last.bias"));
}

double log_normal(double z, double mean, double log_variance) {
  constexpr double kTwoPi = 6.283185307179586;
  return -0.5 *
         (std::log(kTwoPi) + log_variance + (z - mean) * (z - mean) / std::exp(log_variance));
}

/// The mean loss of the batch (Shenbin et al. 2020), with the noise that random_values.h defines.
double naive_loss(const RecVaeOptions& options, const DenseUsers& users, const Parameters& p,
                  bool divergence) {
  const auto latent = static_cast<std::size_t>(options.latent);
  const RandomValues random(options.seed, 1);
  double total = 0;
  for (std::size_t u = 0; u < users.seen.size(); ++u) {
    const Row own = encode(options, users.seen[u], p, "");
    const Row before = encode(options, users.seen[u], p, "previous.");
    Row z;
    double apart = 0, items = 0;
    for (std::size_t k = 0; k < latent; ++k) {
      z.push_back(own[k] + std::exp(own[latent + k] / 2) * noise(random, u * latent + k, kStep));
      const double prior =
          std::log(0.15 * std::exp(log_normal(z[k], 0, 0)) +
                   0.75 * std::exp(log_normal(z[k], before[k], before[latent + k])) +
                   0.1 * std::exp(log_normal(z[k], 0, 10)));
      apart += log_normal(z[k], own[k], own[latent + k]) - prior;
    }
    for (const double count : users.counts[u]) items += count;
    total +=
        multinomial_loss(dense(z, p.at("decoder.weight"), p.at("decoder.bias")), users.counts[u]);
    if (divergence) total += kGamma * items * apart;
  }
  return total / kBatch;
}

TEST(RecVaeStep, TakesTheLossAndItsSlopeByEveryParameterOfItsPart) {
  const RecVaeOptions options = small();
  const detail::RecVaeForm form(options, kItems);
  DenseUsers users;
  std::vector<float> scales, weights;
  for (const Row& counts : users.counts) {
    double sum = 0, squares = 0;
    for (const double count : counts) {
      sum += count;
      squares += count * count;
    }
    scales.push_back(static_cast<float>(1 / std::sqrt(squares)));
    weights.push_back(static_cast<float>(kGamma * sum));
  }
  for (const bool encoder : {true, false}) {
    SCOPED_TRACE(encoder ? "encoder" : "decoder");
    const auto graph = encoder ? detail::encoder_step_graph : detail::decoder_step_graph;
    const auto device = make_cpu_device(default_pool());
    VariableStore store(*device);
    Result<Program> program = Program::make(graph(form, options, kBatch, kBatch * kItems), store);
    ASSERT_TRUE(program.ok()) << program.error().message;
    // Everything at first, so that the encoder of the prior is another one than the encoder.
    std::vector<detail::ModelParameter> all = detail::encoder_parameters(form), previous = all;
    for (auto& p : previous) p.name = detail::previous_name(p.name);
    for (const auto& p : detail::decoder_parameters(form)) all.push_back(p);
    if (encoder) all.insert(all.end(), previous.begin(), previous.end());
    Parameters parameters = draw(all);
    write(parameters, store);
    if (!encoder) {
      // What the decoder's loss does not look at.
      Parameters rest = draw(previous);
      parameters.insert(rest.begin(), rest.end());
    }
    const std::array<float, 1> rate = {1};
    const std::array<std::int64_t, 1> step = {kStep};
    ASSERT_TRUE(store.write("lr", std::span<const float>(rate)).ok());
    ASSERT_TRUE(store.write("step", std::span<const std::int64_t>(step)).ok());
    CsrArgument x = users.x.argument(), targets = users.targets.argument();
    ASSERT_TRUE(program->bind("targets", &targets).ok());
    ASSERT_TRUE(program->feed("scale", std::span<const float>(scales)).ok());
    if (encoder) {
      ASSERT_TRUE(program->bind("x", &x).ok());
      ASSERT_TRUE(program->feed("divergence", std::span<const float>(weights)).ok());
    }
    program->step();
    EXPECT_NEAR(double{store.values<float>("sums.loss").value()[0]} / kBatch,
                naive_loss(options, users, parameters, encoder), 1e-4);
    EXPECT_EQ(store.values<std::int64_t>("step").value()[0], kStep + 1);
    const auto learns =
        encoder ? detail::encoder_parameters(form) : detail::decoder_parameters(form);
    // What the other part has stays as it was.
    Parameters of_part;
    for (const auto& p : learns) of_part[p.name] = parameters.at(p.name);
    for (const auto& [name, values] : parameters) {
      if (of_part.contains(name) || store.find(name) == nullptr) continue;
      const std::vector<float> after = store.values<float>(name).value();
      EXPECT_EQ(std::vector<double>(after.begin(), after.end()), values) << name;
    }
    expect_slopes(of_part, store, 1e-4, [&] {
      for (const auto& [name, values] : of_part) parameters[name] = values;
      return naive_loss(options, users, parameters, encoder);
    });
  }
}

TEST(RecVaeStep, KeepsTheEncoderForThePrior) {
  const RecVaeOptions options = small();
  const detail::RecVaeForm form(options, kItems);
  const auto device = make_cpu_device(default_pool());
  VariableStore store(*device);
  const Result<Program> step =
      Program::make(detail::encoder_step_graph(form, options, kBatch, kBatch * kItems), store);
  ASSERT_TRUE(step.ok());
  Result<Program> keep = Program::make(detail::previous_encoder_graph(form), store);
  ASSERT_TRUE(keep.ok()) << keep.error().message;
  const Parameters parameters = draw(detail::encoder_parameters(form));
  write(parameters, store);
  keep->step();
  for (const auto& [name, values] : parameters) {
    const std::vector<float> kept = store.values<float>(detail::previous_name(name)).value();
    EXPECT_EQ(std::vector<double>(kept.begin(), kept.end()), values) << name;
  }
}

RecVaeOptions quick() {
  RecVaeOptions options;
  options.width = 40;
  options.depth = 3;
  options.latent = 16;
  options.epochs = 25;
  options.batch_size = 100;
  options.optimizer = nn::adam(0.003);
  return options;
}

TEST(RecVae, LearnsWhatUsersShare) {
  expect_learns<RecVae>(quick(), 25);
}

TEST(RecVae, IsTheSameOnAnyNumberOfThreadsAndAfterAResume) {
  // 7 batches a pass and 4 passes an epoch: in the encoder's third pass of the second epoch, so
  // that the prior's encoder is neither the first one nor the one that learns.
  expect_repeats<RecVae>(quick(), 44);
}

TEST(RecVae, IsTheSameAfterAResumeAmongTheStepsOfTheDecoder) {
  expect_repeats<RecVae>(quick(), 51);
}

}  // namespace
}  // namespace bascule
