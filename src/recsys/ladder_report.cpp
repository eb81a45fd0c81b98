#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/recsys/ladder.h>
#include <bascule/run/report.h>
#include <bascule/run/spec_source.h>

namespace bascule {
namespace {

std::string published(const LadderRung& rung) {
  return rung.published ? fmt::format("{}×", *rung.published) : "";
}

std::vector<std::string> row(const LadderRung& rung) {
  if (!rung.measured())
    return {rung.name, "", "not measured", "", "", "", published(rung), "", "", "", ""};
  const auto [least, most] =
      std::minmax_element(rung.users_per_second.begin(), rung.users_per_second.end());
  return {rung.name,
          std::string(precision_name(rung.precision)),
          fmt::format("{:.1f}", rung.median),
          fmt::format("{:.1f} – {:.1f}", *least, *most),
          rung.over.empty() ? "" : fmt::format("{:.2f}×", rung.factor),
          fmt::format("{:.2f}×", rung.product),
          published(rung),
          fmt::format("{:.2f} %", 100 * rung.waiting),
          fmt::format("{:.4f}", rung.loss),
          fmt::format("{:.1f}", static_cast<double>(rung.planned_bytes) * 1e-6),
          fmt::format("{:.1f}", static_cast<double>(rung.peak_memory) * 1e-6)};
}

}  // namespace

std::string ladder_csv(const Ladder& ladder) {
  std::string text =
      "rung,precision,users_per_second,least,most,factor,product,published,waiting,loss,"
      "planned_bytes,peak_memory,steps\n";
  for (const LadderRung& rung : ladder.rungs) {
    const std::string factor = rung.published ? fmt::format("{}", *rung.published) : "";
    if (!rung.measured()) {
      text += fmt::format("{},,,,,,,{},,,,,\n", rung.name, factor);
      continue;
    }
    const auto [least, most] =
        std::minmax_element(rung.users_per_second.begin(), rung.users_per_second.end());
    text += fmt::format("{},{},{:.3f},{:.3f},{:.3f},{:.6f},{:.6f},{},{:.6f},{:.6f},{},{},{}\n",
                        rung.name, precision_name(rung.precision), rung.median, *least, *most,
                        rung.factor, rung.product, factor, rung.waiting, rung.loss,
                        rung.planned_bytes, rung.peak_memory, rung.steps);
  }
  return text;
}

std::string ladder_report(const Ladder& ladder) {
  Report report(fmt::format("Ladder of {} on {}", ladder.model, ladder.path),
                fmt::format("bascule {} ({})", version(), git_commit()));
  std::vector<std::pair<std::string, std::string>> facts = {
      {"processor", ladder.processor.empty() ? "unknown" : ladder.processor},
      {"threads", fmt::format("{}", ladder.threads)},
      {"trained by", ladder.device},
      {"data", ladder.synthetic ? "synthetic" : ladder.path},
      {"users", fmt::format("{}", ladder.users)},
      {"items", fmt::format("{}", ladder.items)},
      {"interactions", fmt::format("{}", ladder.interactions)},
      {"users to train on", fmt::format("{}", ladder.train_users)},
      {"layers", fmt::format("{}", fmt::join(ladder.widths, " – "))},
      {"batch size", fmt::format("{}", ladder.batch_size)},
      {"turns of each rung",
       fmt::format("{} of {} s", ladder.options.rounds, ladder.options.seconds)},
      {"published in all", fmt::format("{}×", ladder.published_product)}};
  for (const LadderRung& rung : ladder.rungs)
    if (!rung.measured()) facts.emplace_back(rung.name, "not measured: " + rung.skipped);
  report.add_facts(facts);
  BarChart chart{"Users trained in a second", {}};
  for (const LadderRung& rung : ladder.rungs)
    chart.bars.push_back({rung.name, rung.median,
                          rung.measured() ? fmt::format("{:.1f}", rung.median) : "not measured"});
  report.add_chart(chart);
  ReportTable table{
      {"rung", "precision", "users/s", "least – most", "factor", "product", "published factor",
       "waiting for batches", "first loss", "planned memory, MB", "peak memory, MB"},
      {}};
  ReportTable meanings{{"rung", "what it adds"}, {}};
  for (const LadderRung& rung : ladder.rungs) {
    table.rows.push_back(row(rung));
    meanings.rows.push_back({rung.name, rung.what});
  }
  report.add_table(table);
  report.add_table(meanings);
  return report.html();
}

}  // namespace bascule
