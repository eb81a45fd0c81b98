#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/base/random.h>
#include <bascule/recsys/evaluate.h>
#include <bascule/recsys/metrics/ndcg.h>
#include <bascule/recsys/metrics/recall.h>

#include "unit/metrics/golden_cases.h"

namespace bascule {
namespace {

using ::testing::HasSubstr;

/// Recommends a list fixed in advance for the first item of the history.
class ByFirstItem : public Recommender {
 public:
  ByFirstItem(std::int64_t items, std::vector<std::vector<std::int32_t>> lists)
      : items_(items), lists_(std::move(lists)) {}
  [[nodiscard]] std::string_view type() const override { return "by-first-item"; }
  [[nodiscard]] std::int64_t items() const override { return items_; }
  Status fit(const CsrMatrix&, ThreadPool&, StageTimes&) override { return {}; }
  [[nodiscard]] std::vector<Recommendation> recommend(
      SparseLine history, const RecommendOptions& options) const override {
    std::vector<Recommendation> best;
    if (history.size() == 0) return best;
    for (const std::int32_t item : lists_[history.indices[0]]) {
      if (static_cast<std::int32_t>(best.size()) == options.k) break;
      best.push_back({item, 1.0F / static_cast<float>(best.size() + 1)});
    }
    return best;
  }
  void save(SafetensorsWriter&) const override {}
  Status load(std::shared_ptr<const SafetensorsFile>) override { return {}; }

 private:
  std::int64_t items_;
  std::vector<std::vector<std::int32_t>> lists_;
};

CsrMatrix matrix_of(std::int64_t items,
                    const std::vector<std::vector<std::pair<std::int32_t, float>>>& rows) {
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  for (const auto& row : rows) {
    for (const auto& [item, value] : row) {
      indices.push_back(item);
      values.push_back(value);
    }
    offsets.push_back(static_cast<std::int64_t>(indices.size()));
  }
  return CsrMatrix(
      Compressed::make(static_cast<std::int64_t>(rows.size()), items, offsets, indices, values)
          .value());
}

EvaluateOptions options_of(const std::vector<std::string>& names) {
  EvaluateOptions options;
  for (const std::string& name : names) options.metrics.push_back(parse_metric(name).value());
  return options;
}

// Six items; user 0 gets 3 4 5, user 1 gets 2 0, user 2 has no target, user 3 gets nothing.
struct Small {
  ByFirstItem model{6, {{3, 4, 5}, {2, 0}, {5}, {}, {}, {}}};
  CsrMatrix fold_in = matrix_of(6, {{{0, 1}}, {{1, 1}}, {{2, 1}}, {{3, 1}}});
  CsrMatrix targets = matrix_of(6, {{{1, 2}, {4, 1}}, {{0, 3}}, {}, {{0, 1}}});
};

TEST(Evaluate, ByHand) {
  const Small small;
  EvaluateOptions options =
      options_of({"recall@2", "recall@1", "mrr@3", "precision@2", "coverage@1", "coverage@3",
                  "novelty@2", "ndcg@2", "ap_k@2"});
  const std::vector<std::int64_t> counts = {4, 8, 2, 8, 1, 1};
  options.item_users = counts;
  options.train_users = 8;
  const Evaluation result =
      evaluate(small.model, small.fold_in.view(), small.targets.view(), options).value();
  EXPECT_EQ(result.users, 3);
  EXPECT_GE(result.seconds, 0);
  const auto& m = result.metrics;
  ASSERT_EQ(m.size(), 9U);
  // Recall@2 of users 0, 1, 3: 1/2, 1, 0: mean 1/2, deviation 1/2.
  EXPECT_DOUBLE_EQ(m.at("recall@2").value, 0.5);
  EXPECT_NEAR(m.at("recall@2").standard_error.value(), 0.5 / std::sqrt(3), 1e-15);
  EXPECT_NEAR(m.at("recall@2").ci95.value(), 1.96 * 0.5 / std::sqrt(3), 1e-4);
  EXPECT_DOUBLE_EQ(m.at("recall@1").value, 0);
  EXPECT_DOUBLE_EQ(m.at("recall@1").standard_error.value(), 0);
  EXPECT_DOUBLE_EQ(m.at("mrr@3").value, (0.5 + 0.5 + 0) / 3);
  EXPECT_DOUBLE_EQ(m.at("precision@2").value, (0.5 + 0.5 + 0) / 3);
  EXPECT_DOUBLE_EQ(m.at("ap_k@2").value, (0.25 + 0.25 + 0) / 3);
  const double second = 1 / std::log2(3);
  EXPECT_NEAR(m.at("ndcg@2").value, (second / (1 + second) + second) / 3, 1e-15);
  EXPECT_DOUBLE_EQ(m.at("coverage@1").value, 2.0 / 6);  // 3 and 2
  EXPECT_DOUBLE_EQ(m.at("coverage@3").value, 5.0 / 6);  // user 2 is not evaluated, 5 is user 0's
  EXPECT_FALSE(m.at("coverage@3").standard_error.has_value());
  EXPECT_FALSE(m.at("coverage@3").ci95.has_value());
  // Bits of 3, 4: 0 and 3; of 2, 0: 2 and 1; user 3 has no list.
  EXPECT_DOUBLE_EQ(m.at("novelty@2").value, 1.5);
  EXPECT_DOUBLE_EQ(m.at("novelty@2").standard_error.value(), 0);
}

TEST(Evaluate, GradedRelevanceTakesTheValues) {
  const Small small;
  EvaluateOptions options = options_of({"ndcg@3"});
  options.graded = true;
  const auto graded = evaluate(small.model, small.fold_in.view(), small.targets.view(), options);
  const double second = 1 / std::log2(3);
  // User 0: item 4 of grade 1 at rank 2, ideal grades 2, 1; user 1: grade 3 at rank 2.
  EXPECT_NEAR(graded->metrics.at("ndcg@3").value, (second / (3 + second) + second) / 3, 1e-15);

  const CsrMatrix zero = matrix_of(6, {{{1, -2}, {4, 0}}, {{0, 3}}, {}, {}});
  const auto partly = evaluate(small.model, small.fold_in.view(), zero.view(), options);
  EXPECT_EQ(partly->users, 1);  // nothing that user 0 disliked is relevant
  EXPECT_FALSE(partly->metrics.at("ndcg@3").standard_error.has_value());

  const CsrMatrix plays = matrix_of(6, {{{1, 5000}}, {}, {}, {}});
  const auto refused = evaluate(small.model, small.fold_in.view(), plays.view(), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("5000"));
}

TEST(Evaluate, AgreesWithTheJudge) {
  for (const auto& set : golden_sets()) {
    const auto items = set["items"].get<std::int64_t>();
    std::vector<std::vector<std::int32_t>> lists;
    std::vector<std::vector<std::pair<std::int32_t, float>>> fold_in, targets;
    for (const auto& test_case : set["cases"]) {
      fold_in.push_back({{static_cast<std::int32_t>(lists.size()), 1.0F}});
      lists.push_back(test_case["recommended"].get<std::vector<std::int32_t>>());
      targets.push_back(test_case["targets"].get<std::vector<std::pair<std::int32_t, float>>>());
    }
    const auto counts = set["counts"].get<std::vector<std::int64_t>>();
    EvaluateOptions options;
    options.metrics = metrics_at(set["k"].get<std::vector<std::int32_t>>()).value();
    options.graded = set["graded"].get<bool>();
    options.item_users = counts;
    options.train_users = set["train_users"].get<std::int64_t>();
    const auto result = evaluate(ByFirstItem(items, lists), matrix_of(items, fold_in).view(),
                                 matrix_of(items, targets).view(), options);
    ASSERT_TRUE(result.ok()) << result.error().message;
    ASSERT_EQ(result->metrics.size(), 50U);
    EXPECT_EQ(set["summary"].size(), 50U);
    for (const auto& [name, value] : result->metrics) {
      const auto& expected = set["summary"][name];
      EXPECT_NEAR(value.value, expected["value"].get<double>(), 1e-12) << name;
      ASSERT_EQ(value.standard_error.has_value(), !expected["stderr"].is_null()) << name;
      if (!value.standard_error) continue;
      EXPECT_NEAR(*value.standard_error, expected["stderr"].get<double>(), 1e-12) << name;
    }
  }
}

/// More users than fit in one block, with lists and targets at random.
struct Large {
  static constexpr std::int32_t kItems = 30, kUsers = 9000;
  Large() {
    const Philox random(5);
    std::vector<std::int32_t> order(kItems);
    std::iota(order.begin(), order.end(), 0);
    for (std::int32_t i = 0; i < kItems; ++i) {
      random.shuffle(std::span(order), static_cast<std::uint64_t>(i) * 100);
      lists.push_back(order);
    }
    std::vector<std::vector<std::pair<std::int32_t, float>>> in, out;
    for (std::int32_t u = 0; u < kUsers; ++u) {
      const auto at = 1'000'000 + 100 * static_cast<std::uint64_t>(u);
      in.push_back({{static_cast<std::int32_t>(random.below(at, kItems)), 1.0F}});
      out.emplace_back();
      for (std::int32_t i = 0; i < kItems; ++i) {
        if (random.uniform(at + 1 + static_cast<std::uint64_t>(i)) < 0.1)
          out.back().emplace_back(i, 1.0F);
      }
    }
    fold_in = matrix_of(kItems, in);
    targets = matrix_of(kItems, out);
  }
  std::vector<std::vector<std::int32_t>> lists;
  CsrMatrix fold_in, targets;
};

TEST(Evaluate, BlocksAndThreadsDoNotShow) {
  const Large large;
  const ByFirstItem model(Large::kItems, large.lists);
  const auto counts = std::vector<std::int64_t>(Large::kItems, 3);
  EvaluateOptions options;
  options.metrics = metrics_at(std::vector<std::int32_t>{5, 100}).value();
  options.item_users = counts;
  options.train_users = 10;
  ThreadPool one(1), three(3);
  const auto a = evaluate(model, large.fold_in.view(), large.targets.view(), options, one).value();
  const auto b =
      evaluate(model, large.fold_in.view(), large.targets.view(), options, three).value();
  EXPECT_EQ(a.metrics, b.metrics);

  // The plain way: every user by himself, two passes for the spread.
  std::vector<double> recall;
  for (std::int64_t u = 0; u < Large::kUsers; ++u) {
    const SparseLine targets = large.targets.line(u);
    if (targets.size() == 0) continue;
    int hits = 0;
    for (int rank = 0; rank < 5; ++rank) {
      const std::int32_t item = large.lists[large.fold_in.line(u).indices[0]][rank];
      for (const std::int32_t target : targets.indices) hits += target == item ? 1 : 0;
    }
    recall.push_back(hits / std::min(5.0, static_cast<double>(targets.size())));
  }
  const auto n = static_cast<double>(recall.size());
  const double mean = std::accumulate(recall.begin(), recall.end(), 0.0) / n;
  double squares = 0;
  for (const double r : recall) squares += (r - mean) * (r - mean);
  EXPECT_EQ(a.users, static_cast<std::int64_t>(recall.size()));
  EXPECT_LT(a.users, Large::kUsers);
  EXPECT_NEAR(a.metrics.at("recall@5").value, mean, 1e-12);
  EXPECT_NEAR(a.metrics.at("recall@5").standard_error.value(), std::sqrt(squares / (n - 1) / n),
              1e-12);
}

TEST(Evaluate, RefusesWhatDoesNotFit) {
  const Small small;
  const CsrMatrix narrow = matrix_of(5, {{}, {}, {}, {}});
  const CsrMatrix few = matrix_of(6, {{}});
  const CsrMatrix none = matrix_of(6, {{}, {}, {}, {}});
  const auto recall = options_of({"recall@2"});
  const auto code = [&](const CsrMatrix& in, const CsrMatrix& out, const EvaluateOptions& options) {
    const auto result = evaluate(small.model, in.view(), out.view(), options);
    return result.ok() ? 0 : static_cast<int>(result.error().code);
  };
  EXPECT_EQ(code(small.fold_in, small.targets, recall), 0);
  EXPECT_EQ(code(small.fold_in, narrow, recall), 2);
  EXPECT_EQ(code(narrow, narrow, recall), 2);
  EXPECT_EQ(code(small.fold_in, few, recall), 2);
  EXPECT_EQ(code(small.fold_in, small.targets, {}), 2);
  EXPECT_EQ(code(small.fold_in, small.targets, options_of({"novelty@2"})), 2);
  EXPECT_EQ(code(small.fold_in, none, recall), 3);
}

TEST(Recommender, ListsOfAllUsersAreFilledUp) {
  const Small small;
  const TopLists lists = small.model.recommend_all(small.fold_in.view(), {.k = 2}, default_pool());
  EXPECT_EQ(lists.users, 4);
  EXPECT_EQ(lists.k, 2);
  EXPECT_EQ(lists.items, (std::vector<std::int32_t>{3, 4, 2, 0, 5, -1, -1, -1}));
  EXPECT_EQ(lists.scores, (std::vector<float>{1, 0.5F, 1, 0.5F, 1, 0, 0, 0}));
}

TEST(Recommender, SimilarItemsAreAnOption) {
  const auto similar = Small().model.similar_items(0, {10, false});
  ASSERT_FALSE(similar.ok());
  EXPECT_EQ(similar.error().code, Code::kUsage);
  EXPECT_THAT(similar.error().message, HasSubstr("by-first-item"));
}

}  // namespace
}  // namespace bascule
