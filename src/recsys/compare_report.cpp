#include <fmt/format.h>

#include <bascule/recsys/compare.h>
#include <bascule/run/report.h>
#include <bascule/run/spec_source.h>

namespace bascule {
namespace {

BarChart bars(const Comparison& comparison, const std::string& metric) {
  BarChart chart{metric, {}};
  for (const ComparedModel& model : comparison.models) {
    const MetricValue& m = model.evaluation.metrics.at(metric);
    chart.bars.push_back({model.name, m.value,
                          m.ci95 ? fmt::format("{:.4f} ± {:.4f}", m.value, *m.ci95)
                                 : fmt::format("{:.4f}", m.value)});
  }
  return chart;
}

/// A field of RFC 4180.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace

std::string comparison_csv(const Comparison& comparison) {
  std::string text = "model,type";
  for (const std::string& metric : comparison_metrics())
    text += fmt::format(",{0},{0}_ci95", metric);
  text += ",p_value,fit_seconds,users_per_second,bytes,peak_memory,epochs,best_epoch\n";
  for (const ComparedModel& model : comparison.models) {
    text += fmt::format("{},{}", field(model.name), model.type);
    for (const std::string& metric : comparison_metrics()) {
      const MetricValue& m = model.evaluation.metrics.at(metric);
      text += fmt::format(",{:.6f},{}", m.value, m.ci95 ? fmt::format("{:.6f}", *m.ci95) : "");
    }
    text += fmt::format(",{},{:.6f},{:.1f},{},{},{},{}\n",
                        model.p_value ? fmt::format("{:.6g}", *model.p_value) : "",
                        model.fit_seconds, model.users_per_second(), model.bytes, model.peak_memory,
                        model.epochs, model.best_epoch);
  }
  return text;
}

std::string comparison_report(const Comparison& comparison) {
  Report report(fmt::format("Recommenders on {}", comparison.path),
                fmt::format("bascule {} ({})", version(), git_commit()));
  report.add_facts({{"users", fmt::format("{}", comparison.users)},
                    {"items", fmt::format("{}", comparison.items)},
                    {"interactions", fmt::format("{}", comparison.interactions)},
                    {"users to train on", fmt::format("{}", comparison.train_users)},
                    {"users to validate", fmt::format("{}", comparison.valid_users)},
                    {"users to test", fmt::format("{}", comparison.test_users)},
                    {"measured on", comparison.part},
                    {"best", comparison.models[comparison.best].name}});
  for (const std::string& metric : comparison_metrics()) report.add_chart(bars(comparison, metric));
  BarChart seconds{"Seconds to fit", {}};
  for (const ComparedModel& model : comparison.models)
    seconds.bars.push_back(
        {model.name, model.fit_seconds, fmt::format("{:.3g} s", model.fit_seconds)});
  report.add_chart(seconds);
  ReportTable table{{"model", "type"}, {}};
  for (const std::string& metric : comparison_metrics()) table.headers.push_back(metric);
  table.headers.insert(table.headers.end(),
                       {"p", "fit, s", "users/s", "model, MB", "peak memory, MB"});
  for (const ComparedModel& model : comparison.models) {
    std::vector<std::string> row = {model.name, model.type};
    for (const std::string& metric : comparison_metrics())
      row.push_back(fmt::format("{:.4f}", model.evaluation.metrics.at(metric).value));
    row.insert(row.end(), {model.p_value ? fmt::format("{:.2g}", *model.p_value) : "",
                           fmt::format("{:.3f}", model.fit_seconds),
                           fmt::format("{:.0f}", model.users_per_second()),
                           fmt::format("{:.1f}", static_cast<double>(model.bytes) * 1e-6),
                           fmt::format("{:.0f}", static_cast<double>(model.peak_memory) * 1e-6)});
    table.rows.push_back(std::move(row));
  }
  report.add_table(table);
  return report.html();
}

}  // namespace bascule
