#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <bascule/base/timer.h>
#include <bascule/nn/trainer.h>

#include "nn/checkpoint.h"
#include "nn/evaluator.h"

namespace bascule::nn {
namespace {

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

/// One fit, from its first step or a checkpoint to its end.
class Fit {
 public:
  static Result<Fit> make(Network& network, const Samples& train, const Samples& valid,
                          const FitOptions& options);
  Result<FitResult> run();

 private:
  /// What an epoch, or the whole fit, was left with.
  using Stop = std::optional<FitStop>;

  Fit(Network& network, const FitOptions& options, BatchSource source, BatchPrograms programs,
      std::int64_t samples, std::int64_t batches)
      : network_(network),
        options_(options),
        source_(std::move(source)),
        programs_(std::move(programs)),
        sums_(network.store(), {kLossSum}),
        samples_(samples),
        batches_(batches) {}

  Status begin();
  Status resume();
  Status skip_done_batches();
  Result<Stop> train_epoch();
  Status set_learning_rate();
  Result<Stop> finish_epoch();
  Result<Stop> save(bool now);
  [[nodiscard]] bool stale() const;
  [[nodiscard]] double monitored(const EpochResult& epoch) const;
  Stop not_finite(std::string what);

  Network& network_;
  const FitOptions& options_;
  BatchSource source_;
  BatchPrograms programs_;
  EpochSums sums_;
  std::optional<Evaluator> evaluator_;
  std::int64_t samples_, batches_;
  std::string monitor_;
  Fingerprint fingerprint_;
  TrainingState state_;
  FitResult result_;
  Stopwatch epoch_watch_, saved_watch_;
  double rate_ = std::numeric_limits<double>::quiet_NaN();
  std::int64_t best_saved_ = 0;  // epoch of best.safetensors
};

constexpr int kBatchesAhead = 3;

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

Status Fit::begin() {
  // State of an earlier fit of the same network must not leak into this one.
  for (const auto& [name, variable] : network_.store().all()) {
    if (variable.role != VariableRole::kState && variable.role != VariableRole::kControl) continue;
    const std::vector<std::byte> zeros(static_cast<std::size_t>(variable.type.bytes()));
    BASCULE_TRY(network_.store().write(name, std::span(zeros)));
  }
  if (options_.resume && !options_.checkpoints.empty()) BASCULE_TRY(resume());
  BASCULE_TRY(options_.on_start());
  const bool anew = !options_.resume && !options_.checkpoints.empty();
  return anew ? remove_checkpoints(options_.checkpoints) : Status();
}

Status Fit::resume() {
  BASCULE_ASSIGN(auto saved, load_last(options_.checkpoints, network_.store(), fingerprint_));
  if (!saved) return {};
  if (saved->batch > batches_)
    return {Code::kBadData,
            fmt::format("{}: the checkpoint has more batches than an epoch", options_.checkpoints)};
  state_ = std::move(*saved);
  if (state_.best_epoch > 0) {
    BASCULE_ASSIGN(result_.best,
                   load_best(options_.checkpoints, network_.store(), state_.best_epoch));
    if (result_.best) best_saved_ = state_.best_epoch;
  }
  return {};
}

Status Fit::skip_done_batches() {
  for (std::int64_t b = 0; b < state_.batch; ++b) {
    BASCULE_ASSIGN([[maybe_unused]] const Batch skipped, source_.next());
    source_.give_back();
  }
  return {};
}

Status Fit::set_learning_rate() {
  const double rate =
      learning_rate(options_.schedule, options_.optimizer.lr,
                    {state_.epoch * batches_ + state_.batch, batches_, options_.epochs});
  if (rate == rate_) return {};
  rate_ = rate;
  const std::array<float, 1> value = {static_cast<float>(rate)};
  return network_.store().write("lr", std::span<const float>(value));
}

Fit::Stop Fit::not_finite(std::string what) {
  result_.message = std::move(what);
  return FitStop::kNotFinite;
}

double Fit::monitored(const EpochResult& epoch) const {
  return epoch.metric(monitor_);
}

bool Fit::stale() const {
  const std::int64_t patience = options_.early_stopping.patience;
  return patience > 0 && state_.epoch - state_.best_epoch >= patience;
}

Result<Fit::Stop> Fit::train_epoch() {
  epoch_watch_.restart();
  const double before = state_.seconds;
  const std::int64_t first = state_.batch;
  while (state_.batch < batches_) {
    BASCULE_TRY(set_learning_rate());
    BASCULE_ASSIGN(const Batch batch, source_.next());
    BASCULE_TRY(programs_.run(batch));
    source_.give_back();
    ++state_.batch;
    BASCULE_TRY(sums_.after_batch(state_.batch, state_.batch == batches_));
    if (!std::isfinite(sums_.totals()[0]))
      return not_finite(fmt::format("the loss became {} in epoch {}, by batch {} of {}",
                                    sums_.totals()[0], state_.epoch + 1, state_.batch, batches_));
    if (state_.batch < batches_ && options_.interrupted()) {
      state_.loss_sum = sums_.totals()[0];
      state_.seconds = before + epoch_watch_.seconds();
      BASCULE_ASSIGN(const Stop failed, save(true));
      return failed ? failed : Stop(FitStop::kInterrupted);
    }
    const double seconds = epoch_watch_.seconds();
    const double done = static_cast<double>(state_.batch - first) * static_cast<double>(samples_) /
                        static_cast<double>(batches_);
    options_.on_progress({state_.epoch + 1, options_.epochs, state_.batch, batches_,
                          seconds > 0 ? done / seconds : 0});
  }
  return Stop();
}

Result<Fit::Stop> Fit::finish_epoch() {
  EpochResult epoch;
  epoch.epoch = state_.epoch + 1;
  epoch.learning_rate = rate_;
  epoch.metrics["train_loss"] = sums_.totals()[0] / static_cast<double>(samples_);
  if (evaluator_) {
    BASCULE_ASSIGN(const auto means, evaluator_->run());
    for (const auto& [name, value] : means) {
      epoch.metrics["valid_" + name] = value;
      if (!std::isfinite(value))
        return not_finite(fmt::format("valid_{} is {} after epoch {}", name, value, epoch.epoch));
    }
  }
  epoch.seconds = state_.seconds + epoch_watch_.seconds();
  const double value = monitored(epoch);
  if (std::isnan(value))
    return Error{Code::kUsage, fmt::format("early stopping: there is no metric {}", monitor_)};
  const EpochResult* best = best_epoch(state_.history, monitor_);
  epoch.best = best == nullptr ||
               (higher_is_better(monitor_) ? value > monitored(*best) : value < monitored(*best));
  state_.epoch = epoch.epoch;
  state_.batch = 0;
  state_.loss_sum = state_.seconds = 0;
  if (epoch.best) {
    state_.best_epoch = epoch.epoch;
    BASCULE_ASSIGN(result_.best, VariableSnapshot::take(network_.store(), kModelRoles));
  }
  state_.history.push_back(std::move(epoch));
  BASCULE_TRY(sums_.reset());
  const bool last = state_.epoch == options_.epochs || stale() || options_.interrupted();
  BASCULE_ASSIGN(const Stop failed, save(last));
  if (failed) return failed;
  options_.on_epoch(state_.history);
  return Stop();
}

Result<Fit::Stop> Fit::save(bool now) {
  if (options_.checkpoints.empty()) return Stop();
  if (!now && saved_watch_.seconds() < options_.checkpoint_seconds) return Stop();
  BASCULE_ASSIGN(const auto all, VariableSnapshot::take(network_.store(), kAllRoles));
  if (!all.finite())
    return not_finite(fmt::format("a parameter is not finite after epoch {}", state_.epoch));
  // The best first: a crash between the two leaves a best one that the resumed fit makes again.
  if (result_.best && best_saved_ != state_.best_epoch) {
    BASCULE_TRY(save_best(options_.checkpoints, *result_.best, state_.best_epoch));
    best_saved_ = state_.best_epoch;
  }
  BASCULE_TRY(save_last(options_.checkpoints, all, state_, fingerprint_));
  saved_watch_.restart();
  return Stop();
}

Result<FitResult> Fit::run() {
  BASCULE_TRY(begin());
  Stop stop;
  if (state_.epoch < options_.epochs && !stale()) {
    source_.start(state_.epoch, options_.epochs - state_.epoch);
    BASCULE_TRY(skip_done_batches());
    sums_.set_totals({state_.loss_sum});
  }
  while (!stop && state_.epoch < options_.epochs) {
    if (stale()) {
      stop = FitStop::kEarly;
    } else if (options_.interrupted()) {
      BASCULE_ASSIGN(stop, save(true));
      if (!stop) stop = FitStop::kInterrupted;
    } else {
      BASCULE_ASSIGN(stop, train_epoch());
      if (stop) break;
      BASCULE_ASSIGN(stop, finish_epoch());
    }
  }
  source_.stop();
  result_.stop = stop.value_or(stale() ? FitStop::kEarly : FitStop::kEpochs);
  result_.history = state_.history;
  result_.best_epoch = state_.best_epoch;
  if (options_.early_stopping.restore_best && result_.best && result_.stop != FitStop::kInterrupted)
    BASCULE_TRY(result_.best->restore(network_.store()));
  return std::move(result_);
}

}  // namespace

Samples all_samples(const SampleReader& reader, const LabelledData& part) {
  Samples samples{&reader, &part,
                  std::vector<std::int32_t>(static_cast<std::size_t>(part.samples))};
  std::iota(samples.numbers.begin(), samples.numbers.end(), 0);
  return samples;
}

Result<FitResult> fit(Network& network, const Samples& train, const Samples& valid,
                      const FitOptions& options) {
  BASCULE_ASSIGN(Fit whole, Fit::make(network, train, valid, options));
  return whole.run();
}

}  // namespace bascule::nn
