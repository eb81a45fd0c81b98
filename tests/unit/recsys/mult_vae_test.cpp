// The training graph of Mult-VAE against loops in double, and how it learns.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include <gmock/gmock.h>

#include <bascule/base/random_values.h>
#include <bascule/data/split.h>
#include <bascule/recsys/evaluate.h>
#include <bascule/recsys/mult_vae.h>
#include <bascule/recsys/popularity.h>
#include <bascule/run/program.h>

#include "autoencoder_testing.h"
#include "recsys/candidate_items.h"
#include "recsys/mult_vae_graphs.h"
#include "recsys/user_rows.h"
#include "recsys/vae_parameters.h"
#include "recsys/vae_training.h"
#include "temp_folder.h"

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
using autoencoder_testing::tastes;
using autoencoder_testing::write;
using detail::UserRows;
using detail::VaeForm;

constexpr std::int64_t kStep = 10, kAnneal = 40;

MultVaeOptions small(bool variational) {
  MultVaeOptions options;
  options.variational = variational;
  options.hidden = {13};
  options.latent = 4;
  options.beta = 0.7;
  options.optimizer = nn::sgd(0.01);
  options.seed = 5;
  return options;
}

Row through_tanh(Row x) {
  for (double& value : x) value = std::tanh(value);
  return x;
}

/// A matrix whose rows have `columns` elements, transposed.
std::vector<double> turned(const std::vector<double>& rows, std::size_t columns) {
  std::vector<double> out(rows.size());
  const std::size_t count = rows.size() / columns;
  for (std::size_t i = 0; i < rows.size(); ++i) out[i % columns * count + i / columns] = rows[i];
  return out;
}

/// The items of a sampled softmax, if it is one.
struct Sampled {
  std::vector<std::int32_t> items;
  std::vector<float> log_weights;
};

/// What softmax and likelihood see of `all`, one for each item.
Row of_candidates(const Row& all, const Sampled& sampled, bool weigh) {
  if (sampled.items.empty()) return all;
  Row some;
  for (std::size_t i = 0; i < sampled.items.size(); ++i)
    some.push_back(all[static_cast<std::size_t>(sampled.items[i])] +
                   (weigh ? double{sampled.log_weights[i]} : 0));
  return some;
}

/// The mean loss of the batch: Liang et al. 2018, with the noise that random_values.h defines.
double naive_loss(const MultVaeOptions& options, const DenseUsers& users, const Parameters& p,
                  const Sampled& sampled = {}) {
  const auto latent = static_cast<std::size_t>(options.latent);
  const RandomValues random(options.seed, 1);
  const double beta = std::min(options.beta, options.beta * kStep / kAnneal);
  double total = 0;
  for (std::size_t u = 0; u < users.seen.size(); ++u) {
    const Row h =
        through_tanh(dense(users.seen[u], p.at("encoder_1.weight"), p.at("encoder_1.bias")));
    const Row last = dense(h, p.at("encoder_2.weight"), p.at("encoder_2.bias"));
    Row z =
        options.variational ? Row(last.begin(), last.begin() + options.latent) : through_tanh(last);
    double divergence = 0;
    for (std::size_t k = 0; options.variational && k < latent; ++k) {
      const double mean = last[k], log_variance = last[latent + k];
      divergence += 0.5 * (std::exp(log_variance) + mean * mean - 1 - log_variance);
      z[k] += std::exp(log_variance / 2) * noise(random, u * latent + k, kStep);
    }
    const Row back = through_tanh(dense(z, p.at("decoder_1.weight"), p.at("decoder_1.bias")));
    const std::vector<double>& last_weight = p.at("decoder_2.weight");
    const Row logits =
        dense(back, sampled.items.empty() ? last_weight : turned(last_weight, back.size()),
              p.at("decoder_2.bias"));
    total += beta * divergence + multinomial_loss(of_candidates(logits, sampled, true),
                                                  of_candidates(users.counts[u], sampled, false));
  }
  return total / kBatch;
}

std::vector<float> flat(const std::vector<Row>& rows) {
  std::vector<float> all;
  for (const Row& row : rows) all.insert(all.end(), row.begin(), row.end());
  return all;
}

struct StepCase {
  std::string name;
  bool variational = true, dense_feed = false;
};
class MultVaeStep : public testing::TestWithParam<StepCase> {};

TEST_P(MultVaeStep, TakesTheLossAndItsSlopeByEveryParameter) {
  const MultVaeOptions options = small(GetParam().variational);
  const bool dense_feed = GetParam().dense_feed;
  const VaeForm form(options, kItems);
  DenseUsers users;
  Parameters parameters = draw(detail::vae_parameters(form));
  const auto device = make_cpu_device(default_pool());
  VariableStore store(*device);
  Result<Program> program = Program::make(
      detail::vae_training_graph(form, options, kBatch, kBatch * kItems, kAnneal, dense_feed),
      store);
  ASSERT_TRUE(program.ok()) << program.error().message;
  write(parameters, store);
  const std::array<float, 1> rate = {1};
  const std::array<std::int64_t, 1> step = {kStep};
  ASSERT_TRUE(store.write("lr", std::span<const float>(rate)).ok());
  ASSERT_TRUE(store.write("step", std::span<const std::int64_t>(step)).ok());
  CsrArgument x = users.x.argument(), targets = users.targets.argument();
  if (dense_feed) {
    const std::vector<float> seen = flat(users.seen), counts = flat(users.counts);
    ASSERT_TRUE(program->feed("x", std::span<const float>(seen)).ok());
    ASSERT_TRUE(program->feed("targets", std::span<const float>(counts)).ok());
  } else {
    ASSERT_TRUE(program->bind("x", &x).ok());
    ASSERT_TRUE(program->bind("targets", &targets).ok());
  }
  program->step();
  EXPECT_NEAR(double{store.values<float>("sums.loss").value()[0]} / kBatch,
              naive_loss(options, users, parameters), 1e-4);
  expect_slopes(parameters, store, 2e-5, [&] { return naive_loss(options, users, parameters); });
}

INSTANTIATE_TEST_SUITE_P(All, MultVaeStep,
                         testing::Values(StepCase{"vae", true, false},
                                         StepCase{"dae", false, false},
                                         StepCase{"dense_vae", true, true},
                                         StepCase{"dense_dae", false, true}),
                         [](const auto& tested) { return tested.param.name; });

/// One step of a sampled softmax over given candidates, with the learning rate 1.
class SampledStep {
 public:
  SampledStep(const MultVaeOptions& options, std::int64_t items, std::int64_t batch)
      : form_(options, items),
        options_(options),
        batch_(batch),
        device_(make_cpu_device(default_pool())),
        store_(*device_) {}

  /// Starts from `parameters`.
  void run(const Parameters& parameters, CsrArgument x, CsrArgument targets,
           const Sampled& sampled) {
    const auto count = std::ssize(sampled.items);
    auto at = programs_.find(count);
    if (at == programs_.end()) {
      Result<Program> made =
          Program::make(detail::vae_sampled_graph(form_, options_, batch_, batch_ * form_.items(),
                                                  kAnneal, count),
                        store_);
      ASSERT_TRUE(made.ok()) << made.error().message;
      at = programs_.emplace(count, std::move(*made)).first;
    }
    Program& program = at->second;
    write(parameters, store_);
    const std::array<float, 1> rate = {1}, sum = {0};
    const std::array<std::int64_t, 1> step = {kStep};
    ASSERT_TRUE(store_.write("lr", std::span<const float>(rate)).ok());
    ASSERT_TRUE(store_.write("sums.loss", std::span<const float>(sum)).ok());
    ASSERT_TRUE(store_.write("step", std::span<const std::int64_t>(step)).ok());
    ASSERT_TRUE(program.bind("x", &x).ok());
    ASSERT_TRUE(program.bind("targets", &targets).ok());
    ASSERT_TRUE(program.feed("candidates", std::span(sampled.items)).ok());
    ASSERT_TRUE(program.feed("log_weights", std::span(sampled.log_weights)).ok());
    program.step();
  }

  [[nodiscard]] const VaeForm& form() const { return form_; }
  [[nodiscard]] const VariableStore& store() const { return store_; }

 private:
  VaeForm form_;
  MultVaeOptions options_;
  std::int64_t batch_;
  std::shared_ptr<Device> device_;
  VariableStore store_;
  std::map<std::int64_t, Program> programs_;
};

TEST(MultVae, ASampledStepTakesTheSlopeOfTheSampledLoss) {
  DenseUsers users;
  const CsrArgument all = users.targets.argument();
  Sampled sampled;
  std::vector<std::int32_t> place(kItems, -1);
  for (std::int32_t item = 0; item < kItems; ++item) {
    const bool own = std::count(all.indices, all.indices + all.offsets[kBatch], item) > 0;
    if (!own && item % 4 != 0) continue;
    place[static_cast<std::size_t>(item)] = static_cast<std::int32_t>(sampled.items.size());
    sampled.items.push_back(item);
    sampled.log_weights.push_back(own ? 0.0F : 0.3F * static_cast<float>(1 + item % 3));
  }
  ASSERT_LT(std::ssize(sampled.items), kItems);
  std::vector<std::int32_t> places;
  for (std::int64_t p = 0; p < all.offsets[kBatch]; ++p)
    places.push_back(place[static_cast<std::size_t>(all.indices[p])]);
  for (const bool variational : {true, false}) {
    MultVaeOptions options = small(variational);
    options.sampled_softmax = 1;
    SampledStep step(options, kItems, kBatch);
    Parameters parameters = draw(detail::vae_parameters(step.form()));
    step.run(parameters, users.x.argument(), {all.offsets, places.data(), all.values}, sampled);
    const auto loss = [&] { return naive_loss(options, users, parameters, sampled); };
    EXPECT_NEAR(double{step.store().values<float>("sums.loss").value()[0]} / kBatch, loss(), 1e-4);
    expect_slopes(parameters, step.store(), 2e-5, loss);
  }
}

/// What a step took off all parameters together.
std::vector<double> taken(const Parameters& before, const VariableStore& store) {
  std::vector<double> all;
  for (const auto& [name, values] : before) {
    const std::vector<float> after = store.values<float>(name).value();
    for (std::size_t i = 0; i < values.size(); ++i) all.push_back(values[i] - double{after[i]});
  }
  return all;
}
double relative_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

TEST(MultVae, TheMeanOfSampledGradientsIsTheExactOne) {
  const CsrMatrix users = tastes();
  constexpr std::int64_t kFew = 2;
  UserRows x, targets;
  for (std::int64_t user = 0; user < kFew; ++user) {
    x.add_normalised(users.view().line(user));
    targets.add(users.view().line(user));
  }
  MultVaeOptions options = small(false);
  options.sampled_softmax = 1;
  SampledStep step(options, users.cols(), kFew);
  const Parameters parameters = draw(detail::vae_parameters(step.form()));
  detail::CandidateItems drawn;
  const auto gradient = [&](detail::CandidateSampler& sampler, std::uint64_t number) {
    sampler.draw(number, targets, kFew, drawn);
    step.run(parameters, x.argument(), drawn.targets.argument(), {drawn.items, drawn.log_weights});
    return taken(parameters, step.store());
  };
  detail::CandidateSampler everything(users.view(), {.negatives = users.cols()});
  const std::vector<double> exact = gradient(everything, 0);
  EXPECT_EQ(std::ssize(drawn.items), users.cols());
  detail::CandidateSampler sampler(users.view(), {.negatives = 8});
  std::vector<double> mean(exact.size(), 0);
  constexpr int kDraws = 400;
  double alone = 0;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    const std::vector<double> one = gradient(sampler, draw);
    alone += relative_distance(one, exact) / kDraws;
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += one[i] / kDraws;
  }
  EXPECT_LT(std::ssize(drawn.items), users.cols());
  EXPECT_GT(alone, 0.02);
  EXPECT_LT(relative_distance(mean, exact), 0.15 * alone);
}

TEST(UserRows, ScalesAndLeavesOut) {
  const std::vector<std::int32_t> items = {0, 3, 4, 900};
  const std::vector<float> values = {1, 2, 2, 4};
  UserRows rows;
  rows.add_normalised({items, values});
  rows.add_normalised({{}, {}});
  rows.fill_up(5);
  const CsrArgument all = rows.argument();
  EXPECT_THAT(std::vector(all.offsets, all.offsets + 6), testing::ElementsAre(0, 4, 4, 4, 4, 4));
  EXPECT_THAT(std::vector(all.values, all.values + 4), testing::ElementsAre(.2F, .4F, .4F, .8F));

  // Which are left out depends on row, item and step alone, and is about the rate of them all.
  const std::int64_t many = 20000;
  std::vector<std::int32_t> wide(many);
  for (std::int32_t i = 0; i < many; ++i) wide[static_cast<std::size_t>(i)] = i;
  const std::vector<float> ones(wide.size(), 1);
  const RowDropout dropout{.3, RandomValues(1, 2), 7};
  UserRows whole, odd;
  whole.add_normalised({wide, ones}, 11, many, dropout);
  const CsrArgument w = whole.argument();
  EXPECT_NEAR(double(w.offsets[1]) / double(many), .7, .015);
  EXPECT_NEAR(double{w.values[0]}, 1 / std::sqrt(double(many)) / .7, 1e-6);
  std::vector<std::int32_t> odd_items, kept_odd;
  for (std::int32_t i = 1; i < many; i += 2) odd_items.push_back(i);
  odd.add_normalised({odd_items, std::span(ones).first(odd_items.size())}, 11, many, dropout);
  for (std::int64_t i = 0; i < w.offsets[1]; ++i)
    if (w.indices[i] % 2 == 1) kept_odd.push_back(w.indices[i]);
  const CsrArgument o = odd.argument();
  EXPECT_EQ(std::vector(o.indices, o.indices + o.offsets[1]), kept_odd);
}

MultVaeOptions quick() {
  MultVaeOptions options;
  options.hidden = {48};
  options.latent = 16;
  options.epochs = 40;
  options.batch_size = 100;
  options.optimizer = nn::adam(0.003);
  return options;
}

TEST(MultVae, LearnsWhatUsersShare) {
  for (const bool variational : {true, false}) {
    SCOPED_TRACE(variational);
    MultVaeOptions options = quick();
    options.variational = variational;
    expect_learns<MultVae>(options, 40);
  }
}

MultVaeOptions sampled(bool variational) {
  MultVaeOptions options = quick();
  options.variational = variational;
  options.epochs = 4;
  options.batch_size = 3;
  options.sampled_softmax = 8;
  return options;
}

TEST(MultVae, LearnsFromASampledSoftmax) {
  for (const bool variational : {true, false}) {
    SCOPED_TRACE(variational);
    expect_learns<MultVae>(sampled(variational), 4);
  }
}

TEST(MultVae, WithoutValidationIsThatOfTheLastEpoch) {
  // Steps so long that the loss goes up and down: the last epoch's is not the least.
  MultVaeOptions options = quick();
  options.epochs = 12;
  options.optimizer = nn::adam(0.2);
  const CsrMatrix users = tastes();
  const TempFolder folder;
  nn::FitControl control;
  control.checkpoints = folder / "checkpoints";
  control.checkpoint_seconds = 0;
  MultVae model(options);
  const auto learned = model.learn({users.view(), {}, {}, control}, default_pool());
  ASSERT_TRUE(learned.ok());
  ASSERT_LT(learned->best_epoch, 12);
  SafetensorsWriter writer;
  model.save(writer);
  ASSERT_TRUE(writer.write(folder / "model.safetensors").ok());
  const auto weights = [&](const std::string& path) {
    const auto file = SafetensorsFile::open(folder / path).value();
    const auto values = file->get<float>("decoder_1.weight", 2).value();
    return std::vector<float>(values.begin(), values.end());
  };
  EXPECT_EQ(weights("model.safetensors"), weights("checkpoints/last.safetensors"));
}

/// Losses of some steps, and all variables after them.
struct Steps {
  std::vector<float> losses;
  std::map<std::string, std::vector<float>> variables;
  bool operator==(const Steps&) const = default;
};
Steps run_steps(const CsrMatrix& x, const MultVaeOptions& options, ThreadPool& pool,
                const detail::VaeExecution& execution, std::int64_t epochs = 2) {
  const VaeForm form(options, x.cols());
  const auto device = make_cpu_device(pool);
  VariableStore store(*device);
  EXPECT_TRUE(detail::declare_parameters(detail::vae_parameters(form), store).ok());
  EXPECT_TRUE(detail::initialize_vae(form, options.seed, store, pool).ok());
  const LearnRequest request{x.view(), {}, {}, {}};
  const Popularity nobody;  // validates nothing
  auto made = detail::VaeTraining::make(options, form, request, nobody, store, pool, execution);
  EXPECT_TRUE(made.ok()) << made.error().message;
  detail::VaeTraining& training = **made;
  const std::array<float, 1> rate = {static_cast<float>(options.optimizer.lr)};
  EXPECT_TRUE(store.write("lr", std::span<const float>(rate)).ok());
  Steps steps;
  training.start(1, epochs);
  EXPECT_TRUE(training.skip().ok());
  for (std::int64_t step = 1; step < epochs * training.batches(); ++step) {
    EXPECT_TRUE(training.step().ok());
    steps.losses.push_back(store.values<float>("sums.loss").value()[0]);
  }
  EXPECT_FALSE(training.step().ok());
  for (const auto& [name, variable] : store.all())
    if (variable.type.dtype == DType::kF32)
      steps.variables[name] = store.values<float>(name).value();
  return steps;
}

TEST(MultVae, BatchesMadeAheadChangeNothing) {
  const CsrMatrix users = tastes();
  MultVaeOptions options = quick();
  options.batch_size = 70;  // the last one of an epoch is shorter
  for (const bool variational : {true, false}) {
    options.variational = variational;
    ThreadPool one(1);
    const Steps asked = run_steps(users, options, one, {.batches_ahead = false});
    for (const int threads : {1, 2, 3}) {
      ThreadPool pool(threads);
      EXPECT_EQ(run_steps(users, options, pool, {.batches_ahead = true}), asked) << threads;
    }
  }
}

double farthest(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(double{a[i]} - double{b[i]}));
  return most;
}

TEST(MultVae, DenseFeedAndFusingChangeRoundingOnly) {
  const CsrMatrix users = tastes();
  MultVaeOptions options = quick();
  options.batch_size = 70;
  // No Adam here: it divides by gradients however small, and what is rounding becomes a step.
  options.optimizer = nn::sgd(0.1);
  ThreadPool pool(2);
  const std::set<std::string> fusing = {"fuse_loss", "fuse_linear", "fuse_update", "fuse_map"};
  for (const bool variational : {true, false}) {
    options.variational = variational;
    const Steps fused = run_steps(users, options, pool, {});
    const Steps still = run_steps(users, options, pool, {}, 0);
    for (const bool dense_feed : {false, true}) {
      const Steps plain =
          run_steps(users, options, pool,
                    {.batches_ahead = false, .dense_feed = dense_feed, .skip_passes = fusing});
      ASSERT_EQ(plain.losses.size(), fused.losses.size());
      for (std::size_t i = 0; i < plain.losses.size(); ++i)
        EXPECT_NEAR(double{plain.losses[i]} / double{fused.losses[i]}, 1, 2e-6) << dense_feed << i;
      for (const auto& [name, values] : plain.variables) {
        if (name == "lr" || name == "sums.loss") continue;
        const double moved = farthest(fused.variables.at(name), still.variables.at(name));
        EXPECT_GT(moved, 1e-3) << name;
        EXPECT_LT(farthest(values, fused.variables.at(name)), 1e-4 * moved) << name << dense_feed;
      }
    }
  }
}

TEST(MultVae, IsTheSameOnAnyNumberOfThreadsAndAfterAResume) {
  expect_repeats<MultVae>(quick(), 25);  // in the middle of the fourth epoch
  expect_repeats<MultVae>(sampled(true), 900);
}

}  // namespace
}  // namespace bascule
