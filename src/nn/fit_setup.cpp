// What a fit needs before its first step.
#include <algorithm>

#include <fmt/format.h>

#include <bascule/base/config.h>

#include "nn/fit.h"

namespace bascule::nn {
namespace {

constexpr int kBatchesAhead = 3;

Status check(const FitOptions& options) {
  if (options.epochs < 0 || options.batch_size < 1)
    return {Code::kUsage, "fit: epochs must be at least 0, batch_size at least 1"};
  const std::vector<std::string> schedules = schedule_names();
  const std::string& schedule = options.schedule.type;
  if (std::find(schedules.begin(), schedules.end(), schedule) != schedules.end()) return {};
  const auto near = nearest_word(schedule, schedules);
  return {Code::kUsage, fmt::format("unknown schedule {}{}", schedule,
                                    near ? fmt::format("; did you mean {}?", *near) : "")};
}

Status check(const Network& network, const Samples& samples) {
  if (samples.reader == nullptr || samples.part == nullptr)
    return {Code::kUsage, "fit: samples without a reader or a part"};
  if (samples.reader->width() != network.sample().count())
    return {Code::kUsage, fmt::format("a sample has {} features, the network takes {}",
                                      samples.reader->width(), network.sample().to_string())};
  return {};
}

}  // namespace

Result<Fit> Fit::make(Network& network, const Samples& train, const Samples& valid,
                      const FitOptions& options) {
  BASCULE_TRY(check(options));
  BASCULE_TRY(check(network, train));
  const auto count = static_cast<std::int64_t>(train.numbers.size());
  BatchOptions order;
  order.batch_size = std::min(options.batch_size, std::max<std::int64_t>(count, 1));
  order.shuffle = options.shuffle;
  order.seed = options.seed;
  BASCULE_ASSIGN(BatchPlan plan, BatchPlan::make(train.numbers, order));
  const std::int64_t batches = plan.batches();
  BASCULE_ASSIGN(
      BatchSource source,
      BatchSource::make(*train.reader, *train.part, std::move(plan),
                        options.loaders == nullptr ? kBatchesAhead : 0, options.loaders));
  const TargetForm form = target_form(*train.part);
  BatchPrograms programs(
      network.store(),
      [&network, form, &options](std::int64_t batch) {
        return training_graph(network, batch, form, options);
      },
      network.compile_options());
  BASCULE_TRY(programs.prepare(order.batch_size));
  if (count % order.batch_size != 0) BASCULE_TRY(programs.prepare(count % order.batch_size));
  Fit fit(network, options, std::move(source), std::move(programs), count, batches);
  if (!valid.empty()) {
    BASCULE_TRY(check(network, valid));
    BASCULE_ASSIGN(Evaluator evaluator, Evaluator::make(network, valid, options.loss));
    fit.evaluator_ = std::move(evaluator);
  }
  fit.monitor_ = options.early_stopping.monitor;
  if (fit.monitor_.empty()) fit.monitor_ = valid.empty() ? "train_loss" : "valid_loss";
  if (!options.checkpoints.empty())
    fit.fingerprint_ = make_fingerprint(network, train, valid, options, fit.monitor_);
  return fit;
}

}  // namespace bascule::nn
