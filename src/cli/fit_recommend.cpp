#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/recsys/spec.h>
#include <bascule/recsys/training.h>

#include "cli/fit_verbs.h"
#include "cli/table.h"

namespace bascule::cli {

Status fit_recommend(const FitArguments& arguments, const Config& config, const Context& context) {
  BASCULE_TRY(context.require_fp32());
  BASCULE_ASSIGN(const std::string device, context.resolve_device());
  if (arguments.resume)
    return {Code::kUsage, "--resume: the neighbour models are fitted in one step; fit again"};
  BASCULE_ASSIGN(const Settings settings, Settings::resolve(config, recommend_schema()));

  FitRequest request;
  request.out = arguments.out;
  request.data_dirs = context.search_dirs();
  request.log = [&](const std::string& line) { context.log(line); };
  request.interrupted = [] { return interrupt_flag().load(); };
  BASCULE_ASSIGN(const FitOutcome outcome, fit_recommender(settings, request, default_pool()));

  if (context.json) {
    print_json({{"run", outcome.run},
                {"device", device},
                {"epochs", 0},
                {"users", outcome.users},
                {"items", outcome.items},
                {"interactions", outcome.interactions},
                {"metrics", outcome.metrics},
                {"seconds", seconds_json(outcome.times)}});
    return {};
  }
  Table table({{"stage"}, {"time", Table::Align::kRight}});
  for (const auto& [stage, seconds] : outcome.times) table.add({stage, human_seconds(seconds)});
  fmt::print("{}\n{} users × {} items, {} interactions on {}; run written to {}\n",
             table.to_string(), with_commas(outcome.users), with_commas(outcome.items),
             with_commas(outcome.interactions), device, outcome.run);
  return {};
}

}  // namespace bascule::cli
