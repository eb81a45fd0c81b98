#include "recsys/user_training.h"

#include <fmt/format.h>

#include <bascule/devices/device.h>
#include <bascule/devices/own_memory.h>
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

Status UserTraining::keep_rows() {
  Device& device = store_->device();
  auto* keeps = dynamic_cast<KeepsRows*>(&device);
  auto* memory = dynamic_cast<HasOwnMemory*>(&device);
  if (keeps == nullptr || memory == nullptr) return {};
  const std::int64_t bytes = resident_bytes(train(), batches_.batch_size(), capacity());
  BASCULE_ASSIGN(const std::int64_t free, memory->free_memory());
  if (bytes > free / 2) {
    request_->log(
        fmt::format("batches are sent to {}: the training rows take {:.1f} MB, more than half of "
                    "the {:.1f} MB that are free there",
                    device.target().device, static_cast<double>(bytes) * 1e-6,
                    static_cast<double>(free) * 1e-6));
    return {};
  }
  BASCULE_ASSIGN(resident_, keeps->keep(train(), batches_.batch_size(), capacity()));
  batches_.name_users_only();
  return {};
}

Status UserTraining::bind_input(Program& program, const char* name, UserBatch& batch) {
  if (resident_ != nullptr) return program.bind(name, &resident_->scaled());
  sent_input_ = batch.input.argument();
  return program.bind_host(name, &sent_input_);
}

Status UserTraining::bind_targets(Program& program, const char* name, UserBatch& batch) {
  if (resident_ != nullptr) return program.bind(name, &resident_->plain());
  sent_targets_ = batch.targets.argument();
  return program.bind_host(name, &sent_targets_);
}

Status UserTraining::step() {
  BASCULE_ASSIGN(UserBatch* const batch, batches_.next());
  if (resident_ != nullptr) resident_->gather(batch->users, batch->left_out);
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
