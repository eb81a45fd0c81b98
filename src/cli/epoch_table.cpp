#include "cli/epoch_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/table.h"

namespace bascule::cli {
namespace {

struct Column {
  std::string title, metric;
  int width;
};

std::string title_of(const std::string& metric) {
  if (metric == "valid_accuracy") return "valid acc";
  std::string title = metric;
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

/// Those that this kind of fit measures, losses first; the ratio has no metric of its own.
std::vector<Column> columns_of(const nn::EpochResult& epoch) {
  std::vector<Column> columns = {{"train loss", "train_loss", 12}};
  if (epoch.metrics.contains("valid_loss")) {
    columns.push_back({"valid loss", "valid_loss", 12});
    columns.push_back({"train/val", "", 11});
  }
  for (const auto& [metric, value] : epoch.metrics) {
    if (metric == "train_loss" || metric == "valid_loss") continue;
    const std::string title = title_of(metric);
    columns.push_back({title, metric, std::max(11, static_cast<int>(title.size()))});
  }
  return columns;
}

constexpr int kEpochWidth = 7, kSecondsWidth = 9;

bool is_best(const nn::History& history, const std::string& metric) {
  const nn::EpochResult* best = nn::best_epoch(history, metric);
  return best != nullptr && best->epoch == history.back().epoch;
}

}  // namespace

std::string loss_scale_text(const nn::History& history) {
  if (history.empty() || !history.back().metrics.contains("loss_scale")) return {};
  double skipped = 0;
  for (const nn::EpochResult& epoch : history) skipped += epoch.metric("skipped_steps");
  return fmt::format("{} step{} skipped, the loss scale is {}", skipped, skipped == 1 ? "" : "s",
                     history.back().metric("loss_scale"));
}

std::string EpochTable::header(const nn::EpochResult& first) {
  std::string titles = fmt::format("{:>{}}", "epoch", kEpochWidth);
  std::string rule(static_cast<std::size_t>(kEpochWidth), '-');
  const auto add = [&](const std::string& title, int width) {
    titles += fmt::format("  {:>{}}", title, width);
    rule += "  " + std::string(static_cast<std::size_t>(width), '-');
  };
  for (const Column& column : columns_of(first)) add(column.title, column.width);
  add("seconds", kSecondsWidth);
  return titles + "\n" + rule;
}

std::string EpochTable::row(const nn::History& history) const {
  const nn::EpochResult& epoch = history.back();
  std::string text = fmt::format("{:>{}}", epoch.epoch, kEpochWidth);
  for (const Column& column : columns_of(epoch)) {
    const double value = column.metric.empty() ? epoch.ratio() : epoch.metric(column.metric);
    const std::string cell = fmt::format("{:>{}.5f}", value, column.width);
    const bool best = colour_ && !column.metric.empty() && is_best(history, column.metric);
    const char* shade = column.metric == "train_loss" ? "\x1b[36m" : "\x1b[32m";
    text += "  " + (best ? shade + cell + "\x1b[0m" : cell);
  }
  return text + fmt::format("  {:>{}}", human_seconds(epoch.seconds), kSecondsWidth);
}

}  // namespace bascule::cli
