// The epochs of a fit.
#include "nn/fit.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace bascule::nn {

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

bool Fit::stale() const {
  const std::int64_t patience = options_.early_stopping.patience;
  return patience > 0 && state_.epoch - state_.best_epoch >= patience;
}

Result<Fit::Stop> Fit::train_epoch() {
  epoch_watch_.restart();
  const double before = state_.seconds;
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
    options_.on_progress({state_.epoch + 1, options_.epochs, state_.batch, batches_});
  }
  return Stop();
}

double Fit::best_so_far() const {
  return state_.history[static_cast<std::size_t>(state_.best_epoch) - 1].metric(monitor_);
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
  const double value = epoch.metric(monitor_);
  if (std::isnan(value))
    return Error{Code::kUsage, fmt::format("early stopping: there is no metric {}", monitor_)};
  epoch.best = state_.best_epoch == 0 || is_better(monitor_, value, best_so_far());
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

}  // namespace bascule::nn
