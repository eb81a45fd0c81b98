#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <bascule/devices/device.h>
#include <bascule/nn/training.h>

#include "cli/epoch_table.h"
#include "cli/fit_verbs.h"
#include "cli/layer_table.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

/// What a fit shows while it runs, on stderr.
class Display {
 public:
  explicit Display(const Context& context)
      : context_(context), table_(isatty(STDERR_FILENO) != 0) {}

  void attach(nn::NetworkFitRequest& request) {
    request.log = [this](const std::string& line) { context_.log(line); };
    request.on_model = [this](const std::vector<nn::LayerRow>& rows) {
      context_.log("\n" + layer_table(rows));
    };
    request.on_progress = [this](const nn::Progress& now) {
      if (!bar_)
        bar_.emplace(fmt::format("epoch {} of {}", now.epoch, now.epochs), "batches",
                     context_.quiet);
      bar_->update(now.batch, now.batches);
    };
    request.on_epoch = [this](const nn::History& history) {
      if (bar_) bar_->clear();
      bar_.reset();
      if (!begun_) context_.log(EpochTable::header(history.back()));
      begun_ = true;
      context_.log(table_.row(history));
    };
  }

 private:
  const Context& context_;
  EpochTable table_;
  std::optional<Progress> bar_;
  bool begun_ = false;
};

void print_outcome(const nn::NetworkFitOutcome& outcome, const std::string& device) {
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
      with_commas(outcome.test_samples), device, outcome.run);
}

}  // namespace

Status fit_network(const FitArguments& arguments, const Config& config, const Context& context) {
  BASCULE_ASSIGN(const std::string name, context.resolve_device());
  BASCULE_ASSIGN(const nn::NetworkSpec spec, nn::NetworkSpec::parse(config));
  const std::unique_ptr<Device> device = make_cpu_device(default_pool());

  nn::NetworkFitRequest request;
  BASCULE_ASSIGN(request.compile, context.compile_options(device->target()));
  request.out = arguments.out;
  request.resume = arguments.resume;
  request.data_dirs = context.search_dirs();
  request.interrupted = [] { return interrupt_flag().load(); };
  Display display(context);
  display.attach(request);
  BASCULE_ASSIGN(const nn::NetworkFitOutcome outcome,
                 nn::fit_network(spec, request, *device, default_pool()));
  if (!context.json) {
    print_outcome(outcome, name);
    return {};
  }
  print_json({{"run", outcome.run},
              {"device", name},
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
