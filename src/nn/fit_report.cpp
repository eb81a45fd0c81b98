#include "nn/fit_report.h"

#include <fmt/format.h>

#include <bascule/run/report.h>

namespace bascule::nn {
namespace {

LineChart curves(const History& history, const std::string& title,
                 const std::vector<std::string>& metrics) {
  LineChart chart{title, "epoch", title, {}};
  for (const std::string& metric : metrics) {
    LineChart::Series series{metric, {}, {}};
    for (const EpochResult& epoch : history) {
      if (!epoch.metrics.contains(metric)) continue;
      series.x.push_back(static_cast<double>(epoch.epoch));
      series.y.push_back(epoch.metric(metric));
    }
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

ReportTable layer_table(const std::vector<LayerRow>& layers) {
  ReportTable table{{"layer", "", "output", "parameters", "FLOPs per sample"}, {}};
  for (const LayerRow& row : layers)
    table.rows.push_back({row.name, row.details, row.output.to_string(),
                          fmt::format("{}", row.parameters), fmt::format("{:.0f}", row.flops)});
  return table;
}

ReportTable epoch_table(const History& history) {
  ReportTable table{{"epoch"}, {}};
  if (history.empty()) return table;
  for (const auto& [name, value] : history.front().metrics) table.headers.push_back(name);
  table.headers.insert(table.headers.end(), {"learning rate", "seconds", "best"});
  for (const EpochResult& epoch : history) {
    std::vector<std::string> row = {fmt::format("{}", epoch.epoch)};
    for (const auto& [name, value] : epoch.metrics) row.push_back(fmt::format("{:.5f}", value));
    row.insert(row.end(), {fmt::format("{:.6g}", epoch.learning_rate),
                           fmt::format("{:.3f}", epoch.seconds), epoch.best ? "yes" : ""});
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::string fit_report(const NetworkSpec& spec, const NetworkData& data,
                       const NetworkFitOutcome& outcome) {
  const Settings& settings = spec.settings();
  Report report(fmt::format("Network on {}", data.set->path),
                fmt::format("bascule {} ({})", settings.text("bascule.version"),
                            settings.text("bascule.commit")));
  std::vector<std::pair<std::string, std::string>> facts = {
      {"training samples", fmt::format("{}", outcome.train_samples)},
      {"validation samples", fmt::format("{}", outcome.valid_samples)},
      {"test samples", fmt::format("{}", outcome.test_samples)},
      {"best epoch", fmt::format("{}", outcome.best_epoch)},
      {"seed", fmt::format("{}", settings.integer("seed"))}};
  for (const auto& [name, value] : outcome.metrics)
    facts.emplace_back(name, fmt::format("{:.5f}", value));
  report.add_facts(facts);
  if (!outcome.history.empty()) {
    report.add_chart(curves(outcome.history, "loss", {"train_loss", "valid_loss"}));
    report.add_chart(spec.classifies()
                         ? curves(outcome.history, "accuracy", {"valid_accuracy"})
                         : curves(outcome.history, "error", {"valid_mse", "valid_mae"}));
  }
  report.add_heading("Layers");
  report.add_table(layer_table(outcome.layers));
  report.add_heading("Epochs");
  report.add_table(epoch_table(outcome.history));
  BarChart stages{"Seconds per stage", {}};
  for (const auto& [stage, seconds] : outcome.times)
    stages.bars.push_back({stage, seconds, fmt::format("{:.4f} s", seconds)});
  report.add_chart(stages);
  return report.html();
}

}  // namespace bascule::nn
