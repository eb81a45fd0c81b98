// A trial as a line of JSON, and back.
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/recsys/tune.h>

#include "recsys/tune_folder.h"

namespace bascule {
namespace {

using Json = nlohmann::ordered_json;

struct ToJson {
  template <class T>
  Json operator()(const T& value) const {
    return value;
  }
  Json operator()(const ConfigValue::List& list) const {
    Json array = Json::array();
    for (const ConfigValue& value : list) array.push_back(std::visit(*this, value.data));
    return array;
  }
};

bool too_large(const Json& whole) {
  return whole.is_number_unsigned() && whole.get<std::uint64_t>() > INT64_MAX;
}

/// No key has lists of lists.
std::optional<ConfigValue> from_json(const Json& json, bool in_list = false) {
  ConfigValue value{false, std::string(kTrialsFile)};
  if (json.is_boolean()) {
    value.data = json.get<bool>();
  } else if (json.is_number_integer() && !too_large(json)) {
    value.data = json.get<std::int64_t>();
  } else if (json.is_number_float()) {
    value.data = json.get<double>();
  } else if (json.is_string()) {
    value.data = json.get<std::string>();
  } else if (json.is_array() && !in_list) {
    ConfigValue::List list;
    for (const Json& element : json) {
      std::optional<ConfigValue> item = from_json(element, true);
      if (!item) return std::nullopt;
      list.push_back(std::move(*item));
    }
    value.data = std::move(list);
  } else {
    return std::nullopt;
  }
  return value;
}

/// What a trial must have, or the first thing that it lacks.
class TrialReader {
 public:
  explicit TrialReader(const Json& json) : json_(json) {}

  [[nodiscard]] Json field(const char* name) const {
    return json_.is_object() && json_.contains(name) ? json_.at(name) : Json();
  }

  static std::optional<double> number(const Json& json, const char* name) {
    if (!json.is_object() || !json.contains(name) || !json.at(name).is_number()) return {};
    const auto value = json.at(name).get<double>();
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
  }

  Status read_point(const SearchSpace& space, SearchPoint& point) const {
    const Json parameters = field("parameters");
    if (!parameters.is_object() || parameters.size() != space.size())
      return bad("parameters are not those of the search");
    for (const SearchRange& range : space) {
      if (!parameters.contains(range.key)) return bad(fmt::format("lacks {}", range.key));
      const std::optional<ConfigValue> value = from_json(parameters.at(range.key));
      if (!value || !range.place_of(*value))
        return bad(fmt::format("{} is not in its range", range.key));
      point.push_back(*value);
    }
    return {};
  }

  Status read_metrics(const std::string& objective,
                      std::map<std::string, MetricValue>& metrics) const {
    const Json all = field("metrics");
    if (!all.is_object()) return bad("lacks metrics");
    for (const auto& item : all.items()) {
      const auto value = number(item.value(), "value");
      if (!value) return bad("a metric has no value");
      metrics[item.key()] = {*value, number(item.value(), "stderr"), number(item.value(), "ci95")};
    }
    if (!metrics.contains(objective)) return bad(fmt::format("lacks {}", objective));
    return {};
  }

  static Error bad(std::string what) { return {Code::kBadData, std::move(what)}; }

 private:
  const Json& json_;
};

}  // namespace

std::string trial_json(const TuneTrial& trial, const SearchSpace& space) {
  Json parameters = Json::object(), metrics = Json::object();
  for (std::size_t i = 0; i < space.size(); ++i)
    parameters[space[i].key] = std::visit(ToJson(), trial.point[i].data);
  for (const auto& [name, metric] : trial.metrics) {
    metrics[name] = {{"value", metric.value}};
    if (metric.standard_error) metrics[name]["stderr"] = *metric.standard_error;
    if (metric.ci95) metrics[name]["ci95"] = *metric.ci95;
  }
  Json json = {{"trial", trial.number},
               {"status", trial.failure.empty() ? "done" : "failed"},
               {"parameters", parameters},
               {"metrics", metrics},
               {"epochs", trial.epochs},
               {"best_epoch", trial.best_epoch},
               {"seconds", {{"fit", trial.fit_seconds}, {"evaluate", trial.evaluate_seconds}}}};
  if (!trial.failure.empty()) json["message"] = trial.failure;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<TuneTrial> detail::read_trial(const std::string& text, const SearchSpace& space,
                                     const std::string& metric, std::int64_t number) {
  const Json json = Json::parse(text, nullptr, false);
  const TrialReader reader(json);
  TuneTrial trial;
  trial.number = number;
  if (reader.field("trial") != number)
    return TrialReader::bad(fmt::format("is not trial {}", number));
  BASCULE_TRY(reader.read_point(space, trial.point));
  const Json status = reader.field("status"), message = reader.field("message");
  if (status == "done") {
    BASCULE_TRY(reader.read_metrics(metric, trial.metrics));
  } else if (status == "failed" && message.is_string() && !message.get<std::string>().empty()) {
    trial.failure = message.get<std::string>();
  } else {
    return TrialReader::bad("is neither done nor failed with a message");
  }
  const Json seconds = reader.field("seconds");
  trial.fit_seconds = TrialReader::number(seconds, "fit").value_or(0);
  trial.evaluate_seconds = TrialReader::number(seconds, "evaluate").value_or(0);
  const auto count = [&](const char* name) {
    const Json value = reader.field(name);
    return value.is_number_unsigned() ? value.get<std::int64_t>() : 0;
  };
  trial.epochs = count("epochs");
  trial.best_epoch = count("best_epoch");
  return trial;
}

}  // namespace bascule
