#pragma once
// A model measured on a split of the data it was fitted on.
#include <cstdint>
#include <span>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/recsys/evaluate.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

struct RefitEvaluation {
  Evaluation evaluation;
  std::int64_t train_users = 0, train_items = 0, train_interactions = 0;
  double fit_seconds = 0;
};

/// Splits the interactions as [evaluate] of the settings says, fits the model anew on the training
/// part, and measures it on the held-out part. A model fitted on all rows cannot be measured on any
/// of them; that is why it is refitted.
Result<RefitEvaluation> refit_and_evaluate(const Settings& settings, const CsrMatrix& interactions,
                                           std::span<const std::int64_t> time,
                                           std::span<const std::int32_t> at, ThreadPool& pool);

}  // namespace bascule
