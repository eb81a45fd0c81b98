#pragma once
// A model measured on a split of the data it was fitted on.
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/split.h>
#include <bascule/recsys/contract.h>
#include <bascule/recsys/evaluate.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

struct SplitEvaluation {
  Evaluation evaluation;
  std::int64_t train_users = 0, train_items = 0, train_interactions = 0;
  double fit_seconds = 0;  ///< 0 of a model that was there
};

/// Splits the interactions as [evaluate] of the settings says and measures on the held-out part:
/// `trained`, which has seen the training part of this very split only, or where it is null the
/// settings' model, fitted anew on that part. A model fitted on all rows cannot be measured on any
/// of them. What is refitted uses `device`, unless that is null.
Result<SplitEvaluation> evaluate_on_split(const Settings& settings, const CsrMatrix& interactions,
                                          std::span<const std::int64_t> time,
                                          std::span<const std::int32_t> at,
                                          const Recommender* trained, ThreadPool& pool,
                                          const std::shared_ptr<Device>& device = nullptr);

/// A model that has seen the training part only, measured on "test" or "valid"; relevance is graded
/// as the settings say, and the values of all users are kept. kFailed, too, when the model's device
/// failed.
Result<Evaluation> evaluate_part(const Recommender& model, const Split& split,
                                 std::string_view part, const std::vector<Metric>& metrics,
                                 const Settings& settings, ThreadPool& pool);

}  // namespace bascule
