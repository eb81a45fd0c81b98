#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bascule/recsys/metrics/recall.h>
#include <bascule/recsys/metrics/registry.h>

namespace bascule {
namespace {

using ::testing::HasSubstr;

TEST(MetricRegistry, NamesAreThoseOfTheDesign) {
  for (const char* name :
       {"recall@20", "ndcg@100", "ndcg_full@100", "map@10", "ap_k@10", "precision@5", "hit_rate@1",
        "mrr@2147483647", "coverage@3", "novelty@50"}) {
    const auto metric = parse_metric(name);
    ASSERT_TRUE(metric.ok()) << metric.error().message;
    EXPECT_EQ(metric->name(), name);
    EXPECT_EQ(metric->info->kind == MetricKind::kRelevance, metric->info->of_user != nullptr);
  }
  EXPECT_EQ(parse_metric("recall@20")->k, 20);
  EXPECT_EQ(parse_metric("recall@20")->info->of_user, metrics::recall);
  EXPECT_EQ(known_metrics().size(), 10U);
}

TEST(MetricRegistry, RefusesOtherText) {
  for (const char* text :
       {"", "recall", "recall@", "recall@0", "recall@-1", "recall@+1", "recall@1.5",
        "recall@2147483648", "recall@1 ", "Recall@1", "@5", "recall@@5", "auc@5"}) {
    const auto metric = parse_metric(text);
    ASSERT_FALSE(metric.ok()) << text;
    EXPECT_EQ(metric.error().code, Code::kUsage) << text;
  }
  EXPECT_THAT(parse_metric("auc@5").error().message, HasSubstr("ndcg_full"));
}

TEST(MetricRegistry, EveryMetricAtEveryK) {
  const std::vector<std::int32_t> at = {20, 5};
  const auto all = metrics_at(at).value();
  ASSERT_EQ(all.size(), 20U);
  EXPECT_EQ(all[0].name(), "recall@20");
  EXPECT_EQ(all[1].name(), "recall@5");
  EXPECT_EQ(all[19].name(), "novelty@5");
  EXPECT_EQ(metrics_at(std::vector<std::int32_t>{5, 0}).error().code, Code::kUsage);
}

}  // namespace
}  // namespace bascule
