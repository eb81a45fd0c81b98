#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <bascule/devices/device.h>
#include <bascule/nn/saved_network.h>
#include <bascule/nn/training.h>

#include "cli/evaluate_verbs.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

/// What of a spec says where the samples are; the rest is part of the model.
constexpr std::array<std::string_view, 5> kSource = {
    "data.path", "data.format", "data.label_column", "data.target_columns", "data.strict"};

/// The run's spec with the keys of the command line.
Result<nn::NetworkSpec> spec_for(const nn::SavedNetwork& run, const EvaluateArguments& arguments) {
  BASCULE_ASSIGN(Config config, Config::parse(run.spec().to_toml(), "spec.toml"));
  for (const std::string& set : arguments.sets) {
    BASCULE_TRY(config.set(set));
    const std::string_view key = std::string_view(set).substr(0, set.find('='));
    if (std::find(kSource.begin(), kSource.end(), key) == kSource.end())
      return Error{Code::kUsage, fmt::format("--set {}: a network is evaluated as it was fitted; "
                                             "only {} can be set",
                                             set, fmt::join(kSource, ", "))};
  }
  return nn::NetworkSpec::parse(config);
}

struct Measured {
  double value = 0;
  std::optional<double> standard_error;
};

/// An accuracy is the mean of as many coin flips as there are samples.
std::map<std::string, Measured> named(const std::map<std::string, double>& metrics,
                                      const std::string& part, std::int64_t samples) {
  std::map<std::string, Measured> measured;
  for (const auto& [name, value] : metrics) {
    Measured& m = measured[fmt::format("{}_{}", part, name)];
    m.value = value;
    if (name == "accuracy")
      m.standard_error = std::sqrt(value * (1 - value) / static_cast<double>(samples));
  }
  return measured;
}

}  // namespace

Status evaluate_network(const EvaluateArguments& arguments, const Context& context) {
  constexpr double kNormal95 = 1.959964;
  if (!arguments.at.empty()) return {Code::kUsage, "--at: only recommenders have cut-offs"};
  BASCULE_ASSIGN(const std::unique_ptr<Device> device, context.open_device());
  BASCULE_ASSIGN(const CompileOptions compile, context.compile_options(device->target()));
  BASCULE_ASSIGN(nn::SavedNetwork run, nn::SavedNetwork::open(arguments.run, *device, compile));
  BASCULE_ASSIGN(const nn::NetworkSpec spec, spec_for(run, arguments));
  Stopwatch watch;
  BASCULE_ASSIGN(const nn::HeldOut held,
                 nn::load_held_out(spec, context.search_dirs(), default_pool()));
  const auto samples = static_cast<std::int64_t>(held.numbers.size());
  StageTimes times = {{"read", watch.restart()}};
  BASCULE_ASSIGN(const auto metrics, run.evaluate(held.part, held.numbers));
  times.emplace_back("evaluate", watch.seconds());
  const auto measured = named(metrics, held.name, samples);
  if (context.json) {
    nlohmann::ordered_json document = nlohmann::ordered_json::object();
    for (const auto& [name, m] : measured) {
      document[name] = {{"value", m.value}, {"stderr", nullptr}, {"ci95", nullptr}};
      if (!m.standard_error) continue;
      document[name]["stderr"] = *m.standard_error;
      document[name]["ci95"] = kNormal95 * *m.standard_error;
    }
    print_json({{"metrics", document},
                {"samples", samples},
                {"part", held.name},
                {"device", device->target().device},
                {"why", context.why_device()},
                {"seconds", seconds_json(times)}});
    return {};
  }
  Table table({{"metric"}, {"value", Table::Align::kRight}});
  for (const auto& [name, m] : measured)
    table.add({name, m.standard_error
                         ? fmt::format("{:.4f} ± {:.4f}", m.value, kNormal95 * *m.standard_error)
                         : fmt::format("{:.4f}", m.value)});
  fmt::print("{}\n± is the 95 % confidence interval; {} samples of the {} part of {} in {} on {}\n",
             table.to_string(), with_commas(samples), held.name, held.path,
             human_seconds(times[1].second), device->target().device);
  return {};
}

}  // namespace bascule::cli
