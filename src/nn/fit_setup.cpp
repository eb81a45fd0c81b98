// What a fit needs before its first step.
#include <fmt/format.h>

#include "nn/fit.h"

namespace bascule::nn {
namespace {

constexpr int kBatchesAhead = 3;

std::string describe_training(const FitOptions& options, std::size_t samples) {
  const OptimizerOptions& o = options.optimizer;
  const ScheduleOptions& s = options.schedule;
  std::string text = fmt::format(
      "loss {}; optimizer {} lr {} momentum {} {} rho {} beta {} {} epsilon {}; weight_decay {}; "
      "clip {} {}; schedule {} {} {} {} {} {} {} {}; batch_size {}; shuffle {}; seed {}; samples "
      "{}",
      options.loss.name, o.type, o.lr, o.momentum, o.style, o.rho, o.beta1, o.beta2, o.epsilon,
      o.weight_decay, o.clip_norm, o.clip_value, s.type, s.gamma, s.every, s.minimum, s.rise,
      s.start_divisor, s.end_divisor, s.warmup_epochs, options.batch_size, options.shuffle,
      options.seed, samples);
  // These end with the last epoch; any other fit may go on for longer than it was meant to.
  if (s.type == "cosine" || s.type == "one_cycle")
    text += fmt::format("; epochs {}", options.epochs);
  return text;
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
  if (options.epochs < 0 || options.batch_size < 1)
    return Error{Code::kUsage, "fit: epochs must be at least 0, batch_size at least 1"};
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
      options.compile);
  BASCULE_TRY(programs.prepare(order.batch_size));
  if (count % order.batch_size != 0) BASCULE_TRY(programs.prepare(count % order.batch_size));
  Fit fit(network, options, std::move(source), std::move(programs), count, batches);
  if (!valid.empty()) {
    BASCULE_TRY(check(network, valid));
    BASCULE_ASSIGN(Evaluator evaluator,
                   Evaluator::make(network, valid, options.loss, options.compile));
    fit.evaluator_ = std::move(evaluator);
  }
  fit.monitor_ = options.early_stopping.monitor;
  if (fit.monitor_.empty()) fit.monitor_ = valid.empty() ? "train_loss" : "valid_loss";
  fit.fingerprint_ = {network.signature(), describe_training(options, train.numbers.size())};
  return fit;
}

}  // namespace bascule::nn
