#include <algorithm>
#include <numeric>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/data/catalogue.h>
#include <bascule/devices/device.h>
#include <bascule/nn/saved_network.h>

#include "cli/context.h"
#include "cli/table.h"
#include "cli/task.h"

namespace bascule::cli {
namespace {

struct Options {
  std::string run;
  std::vector<std::string> inputs;
  std::int64_t limit = 0;
};

/// The samples of one input with what the network makes of them.
struct Predicted {
  std::string input;
  std::int64_t samples = 0;
  std::vector<float> outputs;  ///< [samples, width]
};

/// Probability of every label; a single sigmoid output is that of the second of two.
std::vector<float> probabilities(std::span<const float> outputs, std::size_t labels) {
  if (outputs.size() == 1 && labels == 2) return {1 - outputs[0], outputs[0]};
  return {outputs.begin(), outputs.end()};
}

std::string sample_name(const Predicted& predicted, std::int64_t sample) {
  return predicted.samples == 1 ? predicted.input : fmt::format("{}[{}]", predicted.input, sample);
}

nlohmann::ordered_json sample_json(const Predicted& predicted, std::int64_t sample,
                                   std::span<const float> outputs,
                                   const std::vector<std::string>& labels) {
  nlohmann::ordered_json one = {{"input", sample_name(predicted, sample)}};
  if (labels.empty()) {
    one["values"] = std::vector<float>(outputs.begin(), outputs.end());
    return one;
  }
  const std::vector<float> each = probabilities(outputs, labels.size());
  one["label"] =
      labels[static_cast<std::size_t>(std::max_element(each.begin(), each.end()) - each.begin())];
  nlohmann::ordered_json& named = one["probabilities"];
  for (std::size_t c = 0; c < each.size(); ++c) named[labels[c]] = each[c];
  return one;
}

std::vector<std::string> sample_cells(const Predicted& predicted, std::int64_t sample,
                                      std::span<const float> outputs,
                                      const std::vector<std::string>& labels) {
  constexpr std::size_t kShown = 3;
  std::vector<std::string> cells = {sample_name(predicted, sample)};
  if (labels.empty()) {
    for (const float value : outputs) cells.push_back(fmt::format("{:.5g}", value));
    return cells;
  }
  const std::vector<float> each = probabilities(outputs, labels.size());
  std::vector<std::size_t> order(each.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return each[a] > each[b]; });
  for (std::size_t c = 0; c < std::min(kShown, order.size()); ++c)
    cells.push_back(fmt::format("{} {:.3f}", terminal_safe(labels[order[c]]), each[order[c]]));
  return cells;
}

Status predict(const Options& options, const Context& context) {
  BASCULE_ASSIGN(const std::unique_ptr<Device> device, context.open_device());
  BASCULE_ASSIGN(const std::string task, task_of_run(options.run));
  if (task == "recommend")
    return {Code::kUsage, options.run + " is a recommender: bascule recommend asks it"};
  BASCULE_ASSIGN(const CompileOptions compile, context.compile_options(device->target()));
  BASCULE_ASSIGN(nn::SavedNetwork run, nn::SavedNetwork::open(options.run, *device, compile));
  Stopwatch watch;
  StageTimes times = {{"read", 0}, {"predict", 0}};
  std::vector<Predicted> all;
  for (const std::string& input : options.inputs) {
    watch.restart();
    BASCULE_ASSIGN(const std::string path, find_set(input, context.search_dirs()));
    LabelledReadOptions read = run.spec().read_options();
    read.format = "auto";
    BASCULE_ASSIGN(const LabelledData part, read_samples(path, read));
    times[0].second += watch.restart();
    BASCULE_ASSIGN(std::vector<float> outputs, run.predict(part));
    times[1].second += watch.restart();
    all.push_back({input, part.samples, std::move(outputs)});
  }
  const auto width = static_cast<std::size_t>(run.network().output().count());
  std::int64_t samples = 0, shown = 0;
  nlohmann::ordered_json predictions = nlohmann::ordered_json::array();
  std::vector<Table::Column> columns = {{"input"}, {run.labels().empty() ? "value" : "label"}};
  const std::size_t further =
      run.labels().empty() ? width - 1 : std::min<std::size_t>(2, run.labels().size() - 1);
  columns.resize(2 + further, Table::Column{run.labels().empty() ? "" : "next"});
  Table table(columns);
  for (const Predicted& one : all) {
    samples += one.samples;
    for (std::int64_t s = 0; s < one.samples; ++s) {
      if (options.limit > 0 && shown >= options.limit) break;
      ++shown;
      const auto row = std::span(one.outputs).subspan(static_cast<std::size_t>(s) * width, width);
      if (context.json) {
        predictions.push_back(sample_json(one, s, row, run.labels()));
      } else {
        table.add(sample_cells(one, s, row, run.labels()));
      }
    }
  }
  if (context.json) {
    print_json({{"predictions", predictions},
                {"samples", samples},
                {"device", device->target().device},
                {"why", context.why_device()},
                {"seconds", seconds_json(times)}});
    return {};
  }
  fmt::print("{}\n{} samples, {} shown; read in {}, predicted in {} on {}\n", table.to_string(),
             with_commas(samples), with_commas(shown), human_seconds(times[0].second),
             human_seconds(times[1].second), device->target().device);
  return {};
}

}  // namespace

void add_predict(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("predict", "labels and probabilities, or values, of samples");
  auto options = std::make_shared<Options>();
  verb->add_option("RUN", options->run, "run folder")->required();
  verb->add_option("INPUT", options->inputs,
                   ".npy, IDX, csv or tsv files of samples without labels, or labelled sets (of "
                   "which the test part is taken)")
      ->required();
  verb->add_option("--limit", options->limit, "show only so many samples (0: all)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  verb->callback([options, &context] {
    context.action = [options, &context] { return predict(*options, context); };
  });
}

}  // namespace bascule::cli
