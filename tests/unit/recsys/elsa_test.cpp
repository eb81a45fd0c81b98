// The training graph of ELSA against its definition in double, and how it learns.
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include <bascule/devices/device.h>
#include <bascule/recsys/elsa.h>
#include <bascule/run/program.h>

#include "autoencoder_testing.h"
#include "recsys/elsa_graphs.h"

namespace bascule {
namespace {

using autoencoder_testing::DenseUsers;
using autoencoder_testing::draw;
using autoencoder_testing::expect_learns;
using autoencoder_testing::expect_repeats;
using autoencoder_testing::expect_slopes;
using autoencoder_testing::kBatch;
using autoencoder_testing::kItems;
using autoencoder_testing::Parameters;
using autoencoder_testing::Row;
using autoencoder_testing::train;
using autoencoder_testing::write;

constexpr std::int64_t kFactors = 7;

double product(const Row& a, const Row& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}
Row at_unit_length(Row x) {
  const double length = std::sqrt(product(x, x));
  for (double& v : x) v /= length;
  return x;
}

/// x (U Uᵀ − I), every pair of items written out.
Row scores(const Row& x, const std::vector<double>& rows, std::size_t factors) {
  std::vector<Row> unit;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(i * factors);
    unit.push_back(at_unit_length(Row(begin, begin + static_cast<std::ptrdiff_t>(factors))));
  }
  Row s(x.size(), 0);
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < x.size(); ++j)
      if (i != j) s[j] += x[i] * product(unit[i], unit[j]);
  return s;
}

double naive_loss(const DenseUsers& users, const std::vector<double>& rows) {
  double loss = 0;
  for (const Row& x : users.seen) {
    const Row s = at_unit_length(scores(x, rows, kFactors));
    for (std::size_t j = 0; j < x.size(); ++j) loss += (x[j] - s[j]) * (x[j] - s[j]) / kBatch;
  }
  return loss;
}

TEST(ElsaStep, TakesTheLossAndItsSlope) {
  ElsaOptions options;
  options.factors = kFactors;
  options.optimizer = nn::sgd(1);
  DenseUsers users;
  const auto device = make_cpu_device(default_pool());
  VariableStore store(*device);
  Result<Program> program =
      Program::make(detail::elsa_training_graph(options, kItems, kBatch, kBatch * kItems), store);
  ASSERT_TRUE(program.ok()) << program.error().message;
  Parameters parameters = draw({{std::string(detail::kElsaItems), {kItems, kFactors}}});
  std::vector<double>& rows = parameters.begin()->second;
  write(parameters, store);
  const std::array<float, 1> rate = {1};
  ASSERT_TRUE(store.write("lr", std::span<const float>(rate)).ok());
  CsrArgument x = users.x.argument();
  ASSERT_TRUE(program->bind("x", &x).ok());
  program->step();
  EXPECT_NEAR(double{store.values<float>("sums.loss").value()[0]} / kBatch, naive_loss(users, rows),
              1e-5);
  EXPECT_EQ(store.values<std::int64_t>("step").value()[0], 1);
  expect_slopes(parameters, store, 1e-5, [&] { return naive_loss(users, rows); });
}

TEST(ElsaStep, HasNothingToLearnFromSingleItems) {
  // Their scores have nothing in common with what they have.
  ElsaOptions options;
  options.factors = kFactors;
  options.optimizer = nn::sgd(1);
  const auto device = make_cpu_device(default_pool());
  VariableStore store(*device);
  Result<Program> program =
      Program::make(detail::elsa_training_graph(options, kItems, 2, 2), store);
  ASSERT_TRUE(program.ok()) << program.error().message;
  const Parameters parameters = draw({{std::string(detail::kElsaItems), {kItems, kFactors}}});
  write(parameters, store);
  const std::array<float, 1> rate = {1};
  ASSERT_TRUE(store.write("lr", std::span<const float>(rate)).ok());
  const std::vector<std::int32_t> item = {4};
  const std::vector<float> one = {1};
  detail::UserRows rows;
  rows.add_normalised({item, one});
  rows.fill_up(2);
  CsrArgument x = rows.argument();
  ASSERT_TRUE(program->bind("x", &x).ok());
  program->step();
  const auto after = store.values<float>(std::string(detail::kElsaItems)).value();
  for (std::size_t i = 0; i < after.size(); ++i)
    ASSERT_NEAR(double{after[i]}, parameters.begin()->second[i], 1e-5) << i;
}

ElsaOptions quick() {
  ElsaOptions options;
  options.factors = 16;
  options.epochs = 25;
  options.batch_size = 100;
  return options;
}

TEST(Elsa, ScoresAreThoseOfItsDefinition) {
  const Split split =
      make_split(autoencoder_testing::tastes(), {}, {.seed = 1, .heldout = 100}).value();
  const auto trained = train<Elsa>(split, quick(), default_pool());
  SafetensorsWriter writer;
  trained.model->save(writer);
  const TempFolder folder;
  ASSERT_TRUE(writer.write(folder / "elsa.safetensors").ok());
  const auto file = SafetensorsFile::open(folder / "elsa.safetensors").value();
  const auto stored = file->get<float>(std::string(detail::kElsaItems), 2).value();
  const std::vector<double> rows(stored.begin(), stored.end());
  for (std::size_t i = 0; i < rows.size(); i += 16)
    ASSERT_NEAR(std::inner_product(&rows[i], &rows[i] + 16, &rows[i], 0.0), 1, 1e-6);
  for (const std::int64_t user : {0, 3, 50}) {
    const SparseLine history = split.test_in.line(user);
    const auto items = static_cast<std::size_t>(trained.model->items());
    Row x(items, 0);
    for (const std::int32_t item : history.indices)
      x[static_cast<std::size_t>(item)] = 1 / std::sqrt(static_cast<double>(history.size()));
    const Row expected = scores(x, rows, 16);
    const auto list = trained.model->recommend(history, {.k = 1000, .exclude_history = false});
    EXPECT_EQ(list.size(), items);
    for (const Recommendation& r : list)
      ASSERT_NEAR(double{r.score}, expected[static_cast<std::size_t>(r.item)], 1e-5) << r.item;
  }
}

TEST(Elsa, LearnsWhatUsersShare) {
  expect_learns<Elsa>(quick(), 25);
}

TEST(Elsa, IsTheSameOnAnyNumberOfThreadsAndAfterAResume) {
  expect_repeats<Elsa>(quick(), 31);
}

TEST(Elsa, IsToldOfWhereEaseDoesNotFit) {
  const CompressedView many{2, 4'000'000, nullptr, nullptr, nullptr};
  EXPECT_LT(Elsa({}).fit_bytes({2, 4'000'000, nullptr, nullptr, nullptr}), 50'000'000'000);
  EXPECT_NE(elsa_instead(many).find("model.type elsa"), std::string::npos);
}

}  // namespace
}  // namespace bascule
