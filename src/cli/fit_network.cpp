#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/devices/device.h>
#include <bascule/nn/training.h>

#include "cli/activity.h"
#include "cli/epoch_display.h"
#include "cli/epoch_table.h"
#include "cli/fit_verbs.h"
#include "cli/layer_table.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

void print_outcome(const nn::NetworkFitOutcome& outcome, const Device& device) {
  Table stages({{"stage"}, {"time", Table::Align::kRight}});
  for (const auto& [stage, seconds] : outcome.times)
    stages.add({spaced(stage), human_seconds(seconds)});
  Table metrics({{"metric"}, {"value", Table::Align::kRight}});
  for (const auto& [name, value] : outcome.metrics)
    metrics.add({name, fmt::format("{:.4f}", value)});
  fmt::print(
      "{}\n{}\n{} epochs{} on {} samples ({} validated, {} tested) on {}; run written to {}\n",
      stages.to_string(), metrics.to_string(), outcome.history.size(),
      outcome.stop == nn::FitStop::kEarly ? ", stopped early," : "",
      with_commas(outcome.train_samples), with_commas(outcome.valid_samples),
      with_commas(outcome.test_samples), device.target().device, outcome.run);
  if (const std::string scale = loss_scale_text(outcome.history); !scale.empty())
    fmt::print("{}\n", scale);
  if (const std::string counted = activity_text(device); !counted.empty())
    fmt::print("{}\n", counted);
}

}  // namespace

Status fit_network(const FitArguments& arguments, const Config& config, const Context& context) {
  BASCULE_ASSIGN(const std::unique_ptr<Device> device, context.open_device());
  const std::string& name = device->target().device;
  BASCULE_ASSIGN(const nn::NetworkSpec spec, nn::NetworkSpec::parse(config));

  nn::NetworkFitRequest request;
  BASCULE_ASSIGN(request.compile, context.compile_options(device->target()));
  request.out = arguments.out;
  request.resume = arguments.resume;
  request.data_dirs = context.search_dirs();
  request.interrupted = [] { return interrupt_flag().load(); };
  EpochDisplay display(context);
  request.log = [&](const std::string& line) { context.log(line); };
  request.on_model = [&](const std::vector<nn::LayerRow>& rows) {
    context.log(fmt::format("\n{}", layer_table(rows)));
  };
  request.on_progress = [&](const nn::Progress& now) { display.show(now); };
  request.on_epoch = [&](const nn::History& history) { display.show(history); };
  BASCULE_ASSIGN(const nn::NetworkFitOutcome outcome,
                 nn::fit_network(spec, request, *device, default_pool()));
  if (!context.json) {
    print_outcome(outcome, *device);
    return {};
  }
  print_json({{"run", outcome.run},
              {"device", name},
              {"why", context.why_device()},
              {"counted", activity_json(*device)},
              {"precision", context.precision},
              {"epochs", outcome.history.size()},
              {"stop", outcome.stop == nn::FitStop::kEarly ? "early" : "epochs"},
              {"best_epoch", outcome.best_epoch},
              {"samples",
               {{"train", outcome.train_samples},
                {"valid", outcome.valid_samples},
                {"test", outcome.test_samples}}},
              {"metrics", outcome.metrics},
              {"first_step_seconds", outcome.first_step},
              {"seconds", seconds_json(outcome.times)}});
  return {};
}

}  // namespace bascule::cli
