#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <bascule/recsys/tune.h>
#include <bascule/run/report.h>
#include <bascule/run/spec_source.h>

namespace bascule {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double value_of(const Tuning& tuning, const TuneTrial& trial) {
  return trial.failure.empty() ? tuning.value(trial).value : kNone;
}

/// Where both are numbers.
double larger(double a, double b) {
  return std::isnan(a) || b > a ? b : a;
}

LineChart course(const Tuning& tuning) {
  LineChart chart{"Trial by trial",
                  "trial",
                  tuning.metric,
                  {{"trial", {}, {}, false}, {"best so far", {}, {}}}};
  double best = kNone;
  for (const TuneTrial& trial : tuning.trials) {
    const double value = value_of(tuning, trial);
    best = larger(best, value);
    for (LineChart::Series& series : chart.series)
      series.x.push_back(static_cast<double>(trial.number));
    chart.series[0].y.push_back(value);
    chart.series[1].y.push_back(best);
  }
  return chart;
}

LineChart over_numbers(const Tuning& tuning, std::size_t key) {
  const SearchRange& range = tuning.space[key];
  LineChart chart{
      range.key, range.key, tuning.metric, {{"trial", {}, {}, false}}, range.logarithmic};
  for (const TuneTrial& trial : tuning.trials) {
    const ConfigValue& value = trial.point[key];
    const auto* whole = std::get_if<std::int64_t>(&value.data);
    chart.series[0].x.push_back(whole != nullptr ? static_cast<double>(*whole)
                                                 : std::get<double>(value.data));
    chart.series[0].y.push_back(value_of(tuning, trial));
  }
  return chart;
}

/// The best trial of each choice.
BarChart over_choices(const Tuning& tuning, std::size_t key) {
  const SearchRange& range = tuning.space[key];
  BarChart chart{fmt::format("{}: the best {} of each", range.key, tuning.metric), {}};
  for (const ConfigValue& choice : range.choices) {
    double best = kNone;
    std::int64_t trials = 0;
    for (const TuneTrial& trial : tuning.trials) {
      if (range.place_of(trial.point[key]) != range.place_of(choice)) continue;
      ++trials;
      const double value = value_of(tuning, trial);
      best = larger(best, value);
    }
    chart.bars.push_back(
        {choice.to_toml(), best,
         trials > 0 ? fmt::format("{:.4f}, {} trials", best, trials) : "no trial"});
  }
  return chart;
}

std::vector<std::string> row(const Tuning& tuning, const TuneTrial& trial,
                             const std::string& status) {
  std::vector<std::string> cells = {fmt::format("{}", trial.number)};
  for (const ConfigValue& value : trial.point) cells.push_back(value.to_toml());
  const auto metric = trial.metrics.find(tuning.metric);
  const bool known = metric != trial.metrics.end();
  cells.push_back(known ? fmt::format("{:.4f}", metric->second.value) : "");
  cells.push_back(known && metric->second.standard_error
                      ? fmt::format("{:.4f}", *metric->second.standard_error)
                      : "");
  cells.push_back(trial.epochs > 0 ? fmt::format("{}", trial.epochs) : "");
  cells.push_back(fmt::format("{:.2f}", trial.fit_seconds));
  cells.push_back(status);
  return cells;
}

}  // namespace

std::string tuning_report(const Tuning& tuning) {
  Report report(fmt::format("{}: a search on {}", tuning.model, tuning.path),
                fmt::format("bascule {} ({})", version(), git_commit()));
  std::vector<std::pair<std::string, std::string>> facts = {
      {"users", fmt::format("{}", tuning.users)},
      {"items", fmt::format("{}", tuning.items)},
      {"interactions", fmt::format("{}", tuning.interactions)},
      {"users to train on", fmt::format("{}", tuning.train_users)},
      {"users to validate, on whom trials are measured", fmt::format("{}", tuning.valid_users)},
      {"users to test, who have no part in it", fmt::format("{}", tuning.test_users)},
      {"metric", tuning.metric}};
  for (const SearchRange& range : tuning.space) facts.emplace_back(range.key, range.to_toml());
  if (tuning.best) {
    const TuneTrial& best = tuning.trials[*tuning.best];
    facts.emplace_back("best",
                       fmt::format("trial {}: {:.4f}", best.number, tuning.value(best).value));
  }
  report.add_facts(facts);
  report.add_chart(course(tuning));
  for (std::size_t key = 0; key < tuning.space.size(); ++key) {
    if (tuning.space[key].choices.empty())
      report.add_chart(over_numbers(tuning, key));
    else
      report.add_chart(over_choices(tuning, key));
  }
  ReportTable table{{"trial"}, {}};
  for (const SearchRange& range : tuning.space) table.headers.push_back(range.key);
  table.headers.insert(table.headers.end(),
                       {tuning.metric, "standard error", "epochs", "fit, s", "status"});
  for (std::size_t i = 0; i < tuning.trials.size(); ++i) {
    const TuneTrial& trial = tuning.trials[i];
    table.rows.push_back(row(tuning, trial,
                             !trial.failure.empty() ? "failed: " + trial.failure
                             : i == tuning.best     ? "best"
                                                    : "done"));
  }
  if (tuning.unfinished)
    table.rows.push_back(row(tuning, *tuning.unfinished, "not finished within the budget"));
  report.add_table(table);
  return report.html();
}

}  // namespace bascule
