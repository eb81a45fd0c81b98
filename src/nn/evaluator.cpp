#include "nn/evaluator.h"

namespace bascule::nn {
namespace {

constexpr std::int64_t kBatch = 256;

}  // namespace

Result<Evaluator> Evaluator::make(Network& network, const Samples& samples, const Loss& loss,
                                  ThreadPool* loaders) {
  const auto count = static_cast<std::int64_t>(samples.numbers.size());
  BatchOptions order;
  order.batch_size = std::min(kBatch, count);
  order.shuffle = false;
  BASCULE_ASSIGN(BatchPlan plan, BatchPlan::make(samples.numbers, order));
  BASCULE_ASSIGN(BatchSource source,
                 make_batches(*samples.reader, *samples.part, std::move(plan), loaders));
  const TargetForm form = target_form(*samples.part);
  BatchPrograms programs(
      network.store(),
      [&network, form, loss](std::int64_t batch) {
        return evaluation_graph(network, batch, form, loss);
      },
      network.compile_options());
  BASCULE_TRY(programs.prepare(order.batch_size));
  if (count % order.batch_size != 0) BASCULE_TRY(programs.prepare(count % order.batch_size));
  std::vector<std::string_view> names;
  std::vector<std::string> metrics;
  for (const auto& [name, metric] : evaluation_sums(form)) {
    names.push_back(name);
    metrics.push_back(metric);
  }
  return Evaluator(std::move(source), std::move(programs), EpochSums(network.store(), names),
                   std::move(metrics), count);
}

Result<std::map<std::string, double>> Evaluator::run() {
  BASCULE_TRY(sums_.reset());
  source_.start(0);
  for (;;) {
    BASCULE_ASSIGN(const Batch batch, source_.next());
    if (batch.count == 0) break;
    BASCULE_TRY(programs_.run(batch));
    source_.give_back();
    BASCULE_TRY(sums_.after_batch(batch.index + 1, batch.last));
  }
  std::map<std::string, double> means;
  for (std::size_t i = 0; i < metrics_.size(); ++i)
    means[metrics_[i]] = sums_.totals()[i] / static_cast<double>(samples_);
  return means;
}

Result<std::map<std::string, double>> evaluate(Network& network, const Samples& samples,
                                               const Loss& loss) {
  BASCULE_ASSIGN(Evaluator evaluator, Evaluator::make(network, samples, loss));
  return evaluator.run();
}

}  // namespace bascule::nn
