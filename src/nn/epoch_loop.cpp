// The epochs of a fit.
#include "nn/epoch_loop.h"

#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <bascule/compile/compile.h>

#include "nn/step_graphs.h"

namespace bascule::nn {

EpochLoop::EpochLoop(Trainable& trained, const EpochOptions& options, double lr,
                     std::string monitor, Fingerprint fingerprint)
    : trained_(trained),
      options_(options),
      sums_(trained.store(), {kLossSum}),
      batches_(trained.batches()),
      lr_(lr),
      monitor_(std::move(monitor)),
      fingerprint_(std::move(fingerprint)) {}

Status EpochLoop::skip_done_batches() {
  for (std::int64_t b = 0; b < state_.batch; ++b) BASCULE_TRY(trained_.skip());
  return {};
}

Status EpochLoop::set_learning_rate() {
  const double rate = learning_rate(
      options_.schedule, lr_, {state_.epoch * batches_ + state_.batch, batches_, options_.epochs});
  if (rate == rate_) return {};
  rate_ = rate;
  const std::array<float, 1> value = {static_cast<float>(rate)};
  return trained_.store().write("lr", std::span<const float>(value));
}

EpochLoop::Stop EpochLoop::not_finite(std::string what) {
  result_.message = std::move(what);
  return FitStop::kNotFinite;
}

bool EpochLoop::stale() const {
  const std::int64_t patience = options_.early_stopping.patience;
  return patience > 0 && state_.epoch - state_.best_epoch >= patience;
}

Result<EpochLoop::Stop> EpochLoop::train_epoch() {
  epoch_watch_.restart();
  const double before = state_.seconds;
  while (state_.batch < batches_) {
    BASCULE_TRY(set_learning_rate());
    BASCULE_TRY(trained_.step());
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

double EpochLoop::best_so_far() const {
  return state_.history[static_cast<std::size_t>(state_.best_epoch) - 1].metric(monitor_);
}

Result<EpochLoop::Stop> EpochLoop::note_loss_scale(EpochResult& epoch) {
  const VariableStore& store = trained_.store();
  if (store.find(kLossScale) == nullptr) return Stop();
  BASCULE_ASSIGN(const std::vector<float> scale, store.values<float>(kLossScale));
  BASCULE_ASSIGN(const std::vector<float> all, store.values<float>(kSkippedSteps));
  auto skipped = static_cast<double>(all[0]);
  for (const EpochResult& earlier : state_.history) skipped -= earlier.metric("skipped_steps");
  epoch.metrics["loss_scale"] = static_cast<double>(scale[0]);
  epoch.metrics["skipped_steps"] = skipped;
  if (skipped < static_cast<double>(batches_)) return Stop();
  return not_finite(fmt::format(
      "no step of epoch {} had gradients that are finite in fp16, down to a loss scale of {}",
      epoch.epoch, scale[0]));
}

Result<EpochLoop::Stop> EpochLoop::finish_epoch() {
  EpochResult epoch;
  epoch.epoch = state_.epoch + 1;
  epoch.learning_rate = rate_;
  epoch.metrics["train_loss"] = sums_.totals()[0] / static_cast<double>(trained_.samples());
  BASCULE_ASSIGN(const Stop skipped, note_loss_scale(epoch));
  if (skipped) return skipped;
  BASCULE_ASSIGN(const auto means, trained_.validate());
  for (const auto& [name, value] : means) {
    epoch.metrics["valid_" + name] = value;
    if (!std::isfinite(value))
      return not_finite(fmt::format("valid_{} is {} after epoch {}", name, value, epoch.epoch));
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
    BASCULE_ASSIGN(result_.best, VariableSnapshot::take(trained_.store(), kModelRoles));
  }
  state_.history.push_back(std::move(epoch));
  BASCULE_TRY(sums_.reset());
  const bool last = state_.epoch == options_.epochs || stale() || options_.interrupted();
  BASCULE_ASSIGN(const Stop failed, save(last));
  if (failed) return failed;
  options_.on_epoch(state_.history);
  return Stop();
}

Result<FitResult> EpochLoop::run() {
  BASCULE_TRY(begin());
  Stop stop;
  if (state_.epoch < options_.epochs && !stale()) {
    trained_.start(state_.epoch, options_.epochs - state_.epoch);
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
  trained_.stop();
  result_.stop = stop.value_or(stale() ? FitStop::kEarly : FitStop::kEpochs);
  result_.history = state_.history;
  result_.best_epoch = state_.best_epoch;
  if (options_.early_stopping.restore_best && result_.best && result_.stop != FitStop::kInterrupted)
    BASCULE_TRY(result_.best->restore(trained_.store()));
  return std::move(result_);
}

}  // namespace bascule::nn
