#include "cli/epoch_display.h"

#include <fmt/format.h>
#include <unistd.h>

namespace bascule::cli {

EpochDisplay::EpochDisplay(const Context& context)
    : context_(context), table_(isatty(STDERR_FILENO) != 0) {}

void EpochDisplay::watch(FitRequest& request) {
  request.data_dirs = context_.search_dirs();
  request.log = [this](const std::string& line) { context_.log(line); };
  request.interrupted = [] { return interrupt_flag().load(); };
  request.on_progress = [this](const nn::Progress& now) { show(now); };
  request.on_epoch = [this](const nn::History& history) { show(history); };
}

void EpochDisplay::show(const nn::Progress& now) {
  if (!bar_)
    bar_.emplace(fmt::format("epoch {} of {}", now.epoch, now.epochs), "batches", context_.quiet);
  bar_->update(now.batch, now.batches);
}

void EpochDisplay::show(const nn::History& history) {
  if (bar_) bar_->clear();
  bar_.reset();
  if (!begun_) context_.log(EpochTable::header(history.back()));
  begun_ = true;
  context_.log(table_.row(history));
}

}  // namespace bascule::cli
