#include "recsys/user_training.h"

#include <bascule/recsys/evaluate.h>

namespace bascule::detail {
namespace {

/// As the published code of Mult-VAE: validation by NDCG@100, Recall@20 and Recall@50 beside it.
Result<std::vector<Metric>> validation_metrics() {
  std::vector<Metric> metrics;
  for (const char* name : {"ndcg@100", "recall@20", "recall@50"}) {
    BASCULE_ASSIGN(const Metric metric, parse_metric(name));
    metrics.push_back(metric);
  }
  return metrics;
}

}  // namespace

UserTraining::UserTraining(const LearnRequest& request, const Recommender& model,
                           VariableStore& store, UserBatches batches, std::int64_t passes,
                           ThreadPool& pool)
    : request_(&request),
      model_(&model),
      store_(&store),
      pool_(&pool),
      batches_(std::move(batches)),
      passes_(passes) {}

std::vector<std::int64_t> UserTraining::batch_sizes() const {
  std::vector<std::int64_t> sizes = {batches_.batch_size()};
  const std::int64_t rest = batches_.samples() % batches_.batch_size();
  if (rest > 0) sizes.push_back(rest);
  return sizes;
}

std::int64_t UserTraining::capacity() const {
  return largest_batch(request_->train, batches_.batch_size());
}

Status UserTraining::step() {
  BASCULE_ASSIGN(UserBatch* const batch, batches_.next());
  BASCULE_TRY(train_on(*batch));
  batches_.give_back();
  return {};
}

Result<std::map<std::string, double>> UserTraining::validate() {
  std::map<std::string, double> values;
  if (request_->valid_in.majors == 0) return values;
  EvaluateOptions options;
  BASCULE_ASSIGN(options.metrics, validation_metrics());
  BASCULE_ASSIGN(const Evaluation evaluation,
                 evaluate(*model_, request_->valid_in, request_->valid_out, options, *pool_));
  // Lists do not tell that the device failed while they were made.
  BASCULE_TRY(store_->device().synchronize());
  for (const auto& [name, metric] : evaluation.metrics) values[name] = metric.value;
  return values;
}

}  // namespace bascule::detail
