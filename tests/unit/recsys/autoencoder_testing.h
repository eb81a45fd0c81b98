#pragma once
// Data and loops in double precision that the tests of autoencoders share.
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/random_values.h>
#include <bascule/data/split.h>
#include <bascule/recsys/autoencoder.h>
#include <bascule/recsys/evaluate.h>
#include <bascule/recsys/popularity.h>

#include "recsys/model_parameter.h"
#include "recsys/user_rows.h"
#include "temp_folder.h"

namespace bascule::autoencoder_testing {

using Row = std::vector<double>;
using Parameters = std::map<std::string, std::vector<double>>;

constexpr std::int64_t kBatch = 6, kItems = 31;

/// Users as dense rows: what the encoder sees, and what is to be likely.
struct DenseUsers {
  std::vector<Row> seen, counts;
  detail::UserRows x, targets;

  DenseUsers() {
    const Philox random(3);
    std::uint64_t drawn = 0;
    for (std::int64_t u = 0; u < kBatch; ++u) {
      std::vector<std::int32_t> items;
      std::vector<float> values;
      for (std::int32_t i = 0; i < kItems; ++i) {
        if (random.uniform(drawn++) > 0.2) continue;
        items.push_back(i);
        values.push_back(static_cast<float>(1 + i % 3));
      }
      double squares = 0;
      for (const float value : values) squares += double{value} * double{value};
      Row scaled(kItems, 0), plain(kItems, 0);
      for (std::size_t i = 0; i < items.size(); ++i) {
        plain[static_cast<std::size_t>(items[i])] = double{values[i]};
        scaled[static_cast<std::size_t>(items[i])] = double{values[i]} / std::sqrt(squares);
      }
      seen.push_back(scaled);
      counts.push_back(plain);
      x.add_normalised({items, values});
      targets.add({items, values});
    }
  }
};

/// Values that floats can hold.
inline Parameters draw(const std::vector<detail::ModelParameter>& parameters) {
  Parameters all;
  std::uint64_t stream = 0;
  for (const detail::ModelParameter& p : parameters) {
    const Philox random(9, stream++);
    auto& values = all[p.name];
    for (std::int64_t i = 0; i < p.shape.count(); ++i)
      values.push_back(static_cast<double>(
          static_cast<float>(0.3 * random.normal(static_cast<std::uint64_t>(i)))));
  }
  return all;
}

inline void write(const Parameters& parameters, VariableStore& store) {
  for (const auto& [name, values] : parameters) {
    const std::vector<float> floats(values.begin(), values.end());
    ASSERT_TRUE(store.write(name, std::span<const float>(floats)).ok()) << name;
  }
}

/// The step of a program was 1 times the gradient: what it took off every parameter is the slope of
/// `loss` by it.
template <class Loss>
void expect_slopes(Parameters& before, const VariableStore& store, double tolerance,
                   const Loss& loss) {
  for (auto& [name, values] : before) {
    const std::vector<float> after = store.values<float>(name).value();
    for (std::size_t i = 0; i < values.size(); i += 1 + values.size() / 7) {
      constexpr double kMove = 1e-5;
      const double middle = values[i];
      values[i] = middle + kMove;
      const double above = loss();
      values[i] = middle - kMove;
      const double below = loss();
      values[i] = middle;
      EXPECT_NEAR(middle - double{after[i]}, (above - below) / (2 * kMove), tolerance)
          << name << ' ' << i;
    }
  }
}

inline Row dense(const Row& x, const std::vector<double>& w, const std::vector<double>& bias) {
  Row y = bias;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < y.size(); ++j) y[j] += x[i] * w[i * y.size() + j];
  return y;
}
/// −Σ_i counts_i log softmax(logits)_i.
inline double multinomial_loss(const Row& logits, const Row& counts) {
  double sum = 0, loss = 0;
  for (const double logit : logits) sum += std::exp(logit);
  for (std::size_t i = 0; i < logits.size(); ++i) loss -= counts[i] * (logits[i] - std::log(sum));
  return loss;
}

/// The number that a graph's random_normal has for element `element` in step `step`.
inline double noise(const RandomValues& random, std::uint64_t element, std::uint64_t step) {
  const PhiloxBlock words = random.block(element / 4, step);
  const std::size_t pair = element % 4 / 2 * 2;
  return RandomValues::normal(words[pair], words[pair + 1], element % 2 == 1);
}

/// Users of six tastes: each has items of his own ones, and few others.
inline CsrMatrix tastes() {
  constexpr std::int32_t kUsers = 900, kWide = 120, kTastes = 6;
  const Philox random(21);
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> indices;
  for (std::int32_t user = 0; user < kUsers; ++user) {
    for (std::int32_t item = 0; item < kWide; ++item) {
      const bool own = item % kTastes == user % kTastes || item % kTastes == user / 6 % kTastes;
      const auto cell = static_cast<std::uint64_t>(user) * kWide + static_cast<std::uint64_t>(item);
      if (random.uniform(cell) < (own ? 0.35 : 0.02)) indices.push_back(item);
    }
    offsets.push_back(std::ssize(indices));
  }
  const auto count = indices.size();
  return CsrMatrix(Compressed::make(kUsers, kWide, std::move(offsets), std::move(indices),
                                    std::vector<float>(count, 1))
                       .value());
}

struct Trained {
  Learned learned;
  std::unique_ptr<Autoencoder> model;
};
template <class Model, class Options>
Trained train(const Split& split, const Options& options, ThreadPool& pool,
              const nn::FitControl& control = {}) {
  Trained trained{{}, std::make_unique<Model>(options)};
  LearnRequest request{split.train.view(), split.valid_in.view(), split.valid_out.view(), control};
  auto learned = trained.model->learn(request, pool);
  EXPECT_TRUE(learned.ok()) << learned.error().message;
  trained.learned = std::move(learned).value();
  return trained;
}

inline TopLists lists(const Trained& trained, const Split& split) {
  return trained.model->recommend_all(split.test_in.view(), {20, true}, default_pool());
}

inline double ndcg(const Recommender& model, const CsrMatrix& in, const CsrMatrix& out) {
  EvaluateOptions measured;
  measured.metrics = {parse_metric("ndcg@100").value()};
  return evaluate(model, in.view(), out.view(), measured).value().metrics.at("ndcg@100").value;
}

/// That it learns more than which items are popular, and is that of its best epoch.
template <class Model, class Options>
void expect_learns(const Options& options, std::size_t epochs) {
  const Split split = make_split(tastes(), {}, {.seed = 1, .heldout = 100}).value();
  Popularity floor;
  StageTimes times;
  ASSERT_TRUE(floor.fit(split.train, default_pool(), times).ok());
  const Trained trained = train<Model>(split, options, default_pool());
  EXPECT_GT(ndcg(*trained.model, split.test_in, split.test_out),
            ndcg(floor, split.test_in, split.test_out) + 0.1);
  const auto& history = trained.learned.history;
  ASSERT_EQ(history.size(), epochs);
  EXPECT_EQ(ndcg(*trained.model, split.valid_in, split.valid_out),
            nn::best_epoch(history, "valid_ndcg@100")->metric("valid_ndcg@100"));
}

/// Six epochs, on one thread, on two, and interrupted after `step` and taken up again.
template <class Model, class Options>
void expect_repeats(Options options, int step) {
  const Split split = make_split(tastes(), {}, {.seed = 1, .heldout = 100}).value();
  options.epochs = 6;
  ThreadPool one(1), two(2);
  const TopLists whole = lists(train<Model>(split, options, one), split);
  EXPECT_EQ(lists(train<Model>(split, options, two), split).scores, whole.scores);

  const TempFolder folder;
  nn::FitControl control;
  control.checkpoints = folder / "checkpoints";
  control.checkpoint_seconds = 0;
  int steps = 0;
  control.interrupted = [&] { return ++steps == step; };
  const Trained part = train<Model>(split, options, two, control);
  EXPECT_EQ(part.learned.stop, nn::FitStop::kInterrupted);
  control.interrupted = [] { return false; };
  control.resume = true;
  const Trained rest = train<Model>(split, options, two, control);
  EXPECT_EQ(rest.learned.history.size(), 6U);
  EXPECT_EQ(lists(rest, split).scores, whole.scores);

  options.batch_size += 1;
  Model other(options);
  const auto refused = other.learn(
      {split.train.view(), split.valid_in.view(), split.valid_out.view(), control}, two);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUsage);
}

}  // namespace bascule::autoencoder_testing
