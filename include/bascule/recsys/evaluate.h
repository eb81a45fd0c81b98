#pragma once
// How well a model's top-K lists hold the interactions that were kept from it.
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/recsys/contract.h>
#include <bascule/recsys/metrics/registry.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

struct EvaluateOptions {
  /// As from metrics_at() or parse_metric(). One list per user, as long as the largest K, serves
  /// them all.
  std::vector<Metric> metrics;
  /// Take the values of the targets as graded relevance (at most kMaxRelevance; a target with a
  /// value of 0 or less is not relevant). Otherwise every target is relevant, with relevance 1.
  bool graded = false;
  /// For novelty: how many of `train_users` training users have each item (count_item_users()).
  std::span<const std::int64_t> item_users;
  std::int64_t train_users = 0;
  bool keep_users = false;  ///< fills Evaluation::of_users
};

/// The gain of a relevance r is 2^r - 1; beyond this it is not a scale of ratings.
inline constexpr float kMaxRelevance = 64;

struct MetricValue {
  double value = 0;  ///< mean over users; for coverage the share itself
  /// Sample standard deviation over the square root of the number of users. Absent for coverage and
  /// below two users.
  std::optional<double> standard_error;
  /// Half the width of the 95 % confidence interval by the normal law: 1.96 standard errors.
  std::optional<double> ci95;
  bool operator==(const MetricValue&) const = default;
};

struct Evaluation {
  std::map<std::string, MetricValue> metrics;  ///< by name, "recall@20"
  std::int64_t users = 0;                      ///< with at least one relevant target
  /// Of relevance metrics, by name, the value of each of those users, in the order of their rows.
  std::map<std::string, std::vector<double>> of_users;
  double seconds = 0;  ///< for lists and metrics together
};

/// Recommends from each row of `fold_in` (users × items), without the items in it, and compares
/// with the same row of `targets`. Users without a relevant target are left out. The catalogue of
/// coverage is all the items; a user whose list is empty counts 0 for the relevance metrics and is
/// left out of novelty. The result does not depend on the number of threads. Fails with kUsage
/// when shapes or options do not fit, with kBadData when no user has a target.
Result<Evaluation> evaluate(const Recommender& model, const CompressedView& fold_in,
                            const CompressedView& targets, const EvaluateOptions& options,
                            ThreadPool& pool = default_pool());

}  // namespace bascule
