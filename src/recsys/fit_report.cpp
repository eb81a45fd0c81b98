#include "recsys/fit_report.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <bascule/run/report.h>

namespace bascule {
namespace {

constexpr std::size_t kMaxBars = 24;

BarChart stage_chart(const StageTimes& times) {
  BarChart chart{"Seconds per stage", {}};
  for (const auto& [stage, seconds] : times)
    chart.bars.push_back({stage, seconds, fmt::format("{:.4f} s", seconds)});
  return chart;
}

BarChart rating_chart(const CsrMatrix& matrix) {
  std::map<float, std::int64_t> counts;
  for (const float value : matrix.values()) {
    if (counts.size() < kMaxBars || counts.contains(value)) ++counts[value];
  }
  BarChart chart{"Ratings kept, by value", {}};
  for (const auto& [value, count] : counts)
    chart.bars.push_back(
        {fmt::format("{:g}", value), static_cast<double>(count), fmt::format("{}", count)});
  return chart;
}

/// How many items have 1, 2, 3–4, 5–8 … users: the long tail at a glance.
BarChart popularity_chart(const CsrMatrix& matrix) {
  std::vector<std::int64_t> users(static_cast<std::size_t>(matrix.cols()), 0);
  for (const std::int32_t item : matrix.indices()) ++users[item];
  std::map<int, std::int64_t> items;  // by the power of two that bounds the count
  for (const std::int64_t count : users) {
    int power = 0;
    while ((std::int64_t{1} << power) < count) ++power;
    ++items[power];
  }
  BarChart chart{"Items by number of users", {}};
  for (const auto& [power, count] : items) {
    const std::int64_t high = std::int64_t{1} << power;
    const std::string label =
        power < 2 ? std::to_string(high) : fmt::format("{}–{}", high / 2 + 1, high);
    chart.bars.push_back({label, static_cast<double>(count), fmt::format("{}", count)});
  }
  return chart;
}

}  // namespace

std::string fit_report(const Settings& settings, const LoadedData& loaded,
                       const FitOutcome& outcome) {
  Report report(fmt::format("{} on {}", settings.text("model.type"), loaded.path),
                fmt::format("bascule {} ({})", settings.text("bascule.version"),
                            settings.text("bascule.commit")));
  report.add_facts({{"users", fmt::format("{}", outcome.users)},
                    {"items", fmt::format("{}", outcome.items)},
                    {"interactions", fmt::format("{}", outcome.interactions)},
                    {"seed", fmt::format("{}", settings.integer("seed"))}});
  report.add_chart(stage_chart(outcome.times));
  report.add_heading("Data");
  const PrepareReport& prepare = loaded.prepare;
  report.add_facts(
      {{"layout", loaded.read.format},
       {"encoding", loaded.read.encoding},
       {"rows", fmt::format("{}", loaded.read.rows)},
       {"malformed rows", fmt::format("{}", loaded.read.malformed_rows())},
       {"rows below the rating threshold",
        fmt::format("{}", loaded.read.good - loaded.read.kept + prepare.below_min_rating)},
       {"duplicate ratings", fmt::format("{}", prepare.duplicates)},
       {"ratings of rare items", fmt::format("{}", prepare.rare_items)},
       {"ratings of users with few", fmt::format("{}", prepare.rare_users)}});
  if (!loaded.read.malformed.empty()) {
    ReportTable table{{"malformed", "rows", "first file", "line", "text"}, {}};
    for (const auto& [kind, entry] : loaded.read.malformed) {
      std::vector<std::string> row = {kind, fmt::format("{}", entry.count)};
      if (!entry.examples.empty()) {
        const Malformed::Example& first = entry.examples.front();
        row.insert(row.end(), {first.file, fmt::format("{}", first.line), first.text});
      }
      table.rows.push_back(std::move(row));
    }
    report.add_table(table);
  }
  report.add_chart(rating_chart(loaded.data.matrix));
  report.add_chart(popularity_chart(loaded.data.matrix));
  return report.html();
}

}  // namespace bascule
