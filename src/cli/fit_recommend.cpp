#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/devices/device.h>
#include <bascule/recsys/spec.h>
#include <bascule/recsys/training.h>

#include "cli/epoch_display.h"
#include "cli/epoch_table.h"
#include "cli/fit_verbs.h"
#include "cli/table.h"

namespace bascule::cli {

namespace {

void print_outcome(const FitOutcome& outcome, const std::string& device) {
  Table stages({{"stage"}, {"time", Table::Align::kRight}});
  for (const auto& [stage, seconds] : outcome.times) stages.add({stage, human_seconds(seconds)});
  fmt::print("{}\n", stages.to_string());
  if (!outcome.metrics.empty()) {
    Table metrics({{"metric"}, {"value", Table::Align::kRight}});
    for (const auto& [name, value] : outcome.metrics)
      metrics.add({name, fmt::format("{:.4f}", value)});
    fmt::print("{}\n", metrics.to_string());
  }
  if (!outcome.history.empty()) {
    double seconds = 0;
    for (const nn::EpochResult& epoch : outcome.history) seconds += epoch.seconds;
    fmt::print("{} epochs{}, the best was {}; {:.2f} % of their time waiting for batches\n",
               outcome.history.size(), outcome.stop == nn::FitStop::kEarly ? ", stopped early" : "",
               outcome.best_epoch, seconds > 0 ? 100 * outcome.batch_seconds / seconds : 0);
    if (const std::string scale = loss_scale_text(outcome.history); !scale.empty())
      fmt::print("{}\n", scale);
  }
  fmt::print("{} users × {} items, {} interactions on {}; run written to {}\n",
             with_commas(outcome.users), with_commas(outcome.items),
             with_commas(outcome.interactions), device, outcome.run);
}

}  // namespace

Status fit_recommend(const FitArguments& arguments, const Config& config, const Context& context) {
  BASCULE_ASSIGN(const std::shared_ptr<Device> gpu, context.open_recommender_device());
  const std::string device = device_name(gpu);
  BASCULE_ASSIGN(const Settings settings, recommend_settings(config));

  FitRequest request;
  BASCULE_ASSIGN(request.precision, context.recommender_precision(settings, gpu.get()));
  request.device = gpu;
  request.out = arguments.out;
  request.resume = arguments.resume;
  EpochDisplay display(context);
  display.watch(request);
  BASCULE_ASSIGN(const FitOutcome outcome, fit_recommender(settings, request, default_pool()));
  if (!context.json) {
    print_outcome(outcome, device);
    return {};
  }
  print_json({{"run", outcome.run},
              {"device", device},
              {"why", context.why_device()},
              {"precision", context.precision},
              {"epochs", outcome.history.size()},
              {"stop", outcome.stop == nn::FitStop::kEarly ? "early" : "epochs"},
              {"best_epoch", outcome.best_epoch},
              {"users", outcome.users},
              {"items", outcome.items},
              {"interactions", outcome.interactions},
              {"split",
               {{"train", outcome.train_users},
                {"valid", outcome.valid_users},
                {"test", outcome.test_users}}},
              {"metrics", outcome.metrics},
              {"batch_seconds", outcome.batch_seconds},
              {"seconds", seconds_json(outcome.times)}});
  return {};
}

}  // namespace bascule::cli
