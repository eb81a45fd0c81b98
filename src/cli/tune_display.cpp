#include "cli/tune_display.h"

#include <fmt/format.h>

#include "cli/table.h"

namespace bascule::cli {

std::string point_text(const SearchPoint& point, const SearchSpace& space) {
  std::string text;
  for (std::size_t i = 0; i < point.size(); ++i)
    text += fmt::format("{}{} = {}", i == 0 ? "" : ", ", space[i].key, point[i].to_toml());
  return text;
}

std::string metric_text(const MetricValue& metric) {
  return metric.ci95 ? fmt::format("{:.4f} ± {:.4f}", metric.value, *metric.ci95)
                     : fmt::format("{:.4f}", metric.value);
}

void TuneDisplay::watch(TuneRequest& request) {
  request.data_dirs = context_.search_dirs();
  request.log = [this](const std::string& line) { context_.log(line); };
  request.interrupted = [] { return interrupt_flag().load(); };
  request.on_start = [this](const TuneTrial& trial) { trial_ = trial.number; };
  request.on_progress = [this](const nn::Progress& now) { show(now); };
  request.on_epoch = [this](const nn::History&) { clear(); };
  request.on_trial = [this](const Tuning& tuning) { show(tuning); };
}

void TuneDisplay::clear() {
  if (bar_) bar_->clear();
  bar_.reset();
}

void TuneDisplay::show(const nn::Progress& now) {
  if (!bar_)
    bar_.emplace(fmt::format("trial {}, epoch {} of {}", trial_, now.epoch, now.epochs), "batches",
                 context_.quiet);
  bar_->update(now.batch, now.batches);
}

void TuneDisplay::show(const Tuning& tuning) {
  clear();
  const TuneTrial& trial = tuning.trials.back();
  const std::string point = terminal_safe(point_text(trial.point, tuning.space));
  if (!trial.failure.empty()) {
    context_.log(fmt::format("trial {} failed: {} ({})", trial.number, trial.failure, point));
    return;
  }
  const std::string epochs =
      trial.epochs > 0 ? fmt::format(", best epoch {} of {}", trial.best_epoch, trial.epochs) : "";
  context_.log(fmt::format("trial {}{}: {} {} ({}), fitted in {}{}", trial.number,
                           tuning.best == tuning.trials.size() - 1 ? "*" : "", tuning.metric,
                           metric_text(tuning.value(trial)), point,
                           human_seconds(trial.fit_seconds), epochs));
}

}  // namespace bascule::cli
