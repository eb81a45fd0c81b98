#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/devices/device.h>
#include <bascule/nn/saved_network.h>
#include <bascule/nn/training.h>

#include "cli/evaluate_verbs.h"
#include "cli/table.h"

namespace bascule::cli {
namespace {

/// The run's spec with the [data] keys of the command line.
Result<nn::NetworkSpec> spec_for(const nn::SavedNetwork& run, const EvaluateArguments& arguments) {
  BASCULE_ASSIGN(Config config, Config::parse(run.spec().to_toml(), "spec.toml"));
  for (const std::string& set : arguments.sets) {
    if (!set.starts_with("data."))
      return Error{Code::kUsage,
                   fmt::format("--set {}: evaluate takes only data.* keys; fit again", set)};
    BASCULE_TRY(config.set(set));
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

/// The test part; where the set has none, what was held out of the training part.
struct HeldOut {
  std::string name;
  const LabelledData* part;
  std::vector<std::int32_t> numbers;
};
Result<HeldOut> held_out(const nn::NetworkData& data) {
  if (!data.test.empty()) return HeldOut{"test", data.test.part, data.test.numbers};
  if (!data.valid.empty()) return HeldOut{"valid", data.valid.part, data.valid.numbers};
  return Error{Code::kUsage, fmt::format("{} has neither a test nor a validation part", data.path)};
}

}  // namespace

Status evaluate_network(const EvaluateArguments& arguments, const Context& context) {
  constexpr double kNormal95 = 1.959964;
  if (!arguments.at.empty()) return {Code::kUsage, "--at: only recommenders have cut-offs"};
  BASCULE_ASSIGN(const std::string device_name, context.resolve_device());
  const std::unique_ptr<Device> device = make_cpu_device(default_pool());
  BASCULE_ASSIGN(nn::SavedNetwork run, nn::SavedNetwork::open(arguments.run, *device));
  BASCULE_ASSIGN(const nn::NetworkSpec spec, spec_for(run, arguments));
  BASCULE_ASSIGN(const nn::NetworkData data,
                 nn::load_network_data(spec, context.search_dirs(), default_pool()));
  BASCULE_ASSIGN(HeldOut held, held_out(data));
  const Stopwatch watch;
  BASCULE_ASSIGN(const Features features, run.features(*held.part));
  const nn::Samples part{&features, held.part, std::move(held.numbers)};
  BASCULE_ASSIGN(const auto metrics, nn::evaluate(run.network(), part, run.spec().loss()));
  const double seconds = watch.seconds();
  const auto samples = static_cast<std::int64_t>(part.numbers.size());
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
                {"device", device_name},
                {"seconds", {{"evaluate", seconds}}}});
    return {};
  }
  Table table({{"metric"}, {"value", Table::Align::kRight}});
  for (const auto& [name, m] : measured)
    table.add({name, m.standard_error
                         ? fmt::format("{:.4f} ± {:.4f}", m.value, kNormal95 * *m.standard_error)
                         : fmt::format("{:.4f}", m.value)});
  fmt::print("{}\n± is the 95 % confidence interval; {} samples of the {} part of {} in {} on {}\n",
             table.to_string(), with_commas(samples), held.name, data.path, human_seconds(seconds),
             device_name);
  return {};
}

}  // namespace bascule::cli
