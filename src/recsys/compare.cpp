#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include <bascule/base/process_memory.h>
#include <bascule/recsys/compare.h>
#include <bascule/recsys/evaluate_split.h>
#include <bascule/recsys/spec.h>

#include "recsys/moments.h"
#include "recsys/split_fit.h"

namespace bascule {
namespace {

constexpr const char* kDecisive = "ndcg@100";
constexpr std::string_view kModels = "models";

/// One split serves all: they must mean the same by it.
Status require_one_split(const std::vector<NamedSettings>& models) {
  const Settings& first = models.front().settings;
  for (const NamedSettings& model : models) {
    for (const KeyInfo& key : first.schema()) {
      const bool shared =
          key.name == "seed" || key.name.starts_with("data.") || key.name.starts_with("evaluate.");
      if (!shared) continue;
      const auto text = [&](const Settings& settings) {
        const ConfigValue* value = settings.find(key.name);
        return value == nullptr ? std::string("not given") : value->to_toml();
      };
      if (text(first) != text(model.settings))
        return {Code::kUsage, fmt::format("{} is {} of {} and {} of {}: all models have to be "
                                          "compared on one split",
                                          key.name, text(first), models.front().name,
                                          text(model.settings), model.name)};
    }
  }
  return {};
}

Result<std::vector<Metric>> metrics() {
  std::vector<Metric> all;
  for (const std::string& name : comparison_metrics()) {
    BASCULE_ASSIGN(const Metric metric, parse_metric(name));
    all.push_back(metric);
  }
  return all;
}

/// Of one data set and its split, model after model.
class Comparer {
 public:
  Comparer(const Split& split, const FitRequest& request, ThreadPool& pool)
      : split_(split), request_(request), pool_(pool) {}

  Result<ComparedModel> run(const NamedSettings& named) {
    ComparedModel result;
    result.name = named.name;
    const std::unique_ptr<Recommender> model = make_recommender(named.settings, request_.precision);
    result.type = model->type();
    if (request_.device != nullptr) BASCULE_TRY(model->use_device(request_.device));
    BASCULE_TRY(check_fit_memory(*model, split_.train.view(), request_.device.get()));
    const bool counted = reset_peak_memory();
    const Stopwatch watch;
    BASCULE_ASSIGN(const EpochCount epochs, fit_on_split(*model, split_, request_, pool_));
    result.fit_seconds = watch.seconds();
    result.epochs = epochs.done;
    result.best_epoch = epochs.best;
    if (counted) result.peak_memory = peak_memory();
    SafetensorsWriter tensors;
    model->save(tensors);
    result.bytes = tensors.bytes();

    BASCULE_ASSIGN(const std::vector<Metric> measured, metrics());
    BASCULE_ASSIGN(result.evaluation,
                   evaluate_part(*model, split_, named.settings.text("evaluate.part"), measured,
                                 named.settings, pool_));
    return result;
  }

 private:
  const Split& split_;
  const FitRequest& request_;
  ThreadPool& pool_;
};

/// Two-sided, of a mean difference of 0.
std::optional<double> p_value(const std::vector<double>& a, const std::vector<double>& b) {
  Moments differences;
  for (std::size_t user = 0; user < a.size(); ++user) differences.add(a[user] - b[user]);
  const auto error = differences.standard_error();
  if (!error || *error == 0) return std::nullopt;
  return std::erfc(std::abs(differences.mean / *error) / std::sqrt(2.0));
}

void judge(Comparison& comparison) {
  auto& models = comparison.models;
  const auto value = [](const ComparedModel& model) {
    return model.evaluation.metrics.at(kDecisive).value;
  };
  const auto best = std::max_element(
      models.begin(), models.end(),
      [&](const ComparedModel& a, const ComparedModel& b) { return value(a) < value(b); });
  comparison.best = static_cast<std::size_t>(best - models.begin());
  for (ComparedModel& model : models) {
    if (&model == &*best) continue;
    model.p_value =
        p_value(best->evaluation.of_users.at(kDecisive), model.evaluation.of_users.at(kDecisive));
  }
}

}  // namespace

double ComparedModel::users_per_second() const {
  return evaluation.seconds > 0 ? static_cast<double>(evaluation.users) / evaluation.seconds : 0;
}

std::vector<std::string> comparison_metrics() {
  return {"recall@20", "recall@50", kDecisive, "map@100", "coverage@100"};
}

Result<std::vector<NamedSettings>> models_of(const Config& config, const std::string& name) {
  Config shared;
  std::map<std::size_t, Config> own;  // by the place in the list
  for (const auto& [key, value] : config.values()) {
    if (!key.starts_with(fmt::format("{}[", kModels))) {
      shared.put(key, value);
      continue;
    }
    const std::size_t close = key.find("].");
    std::size_t index = 0;
    const char* const digits = key.data() + kModels.size() + 1;
    const auto parsed = std::from_chars(digits, key.data() + key.size(), index);
    if (close == std::string::npos || parsed.ec != std::errc() || parsed.ptr != key.data() + close)
      return Error{Code::kUsage, fmt::format("{}: {} names no key of a model", value.origin, key)};
    own[index].put(key.substr(close + 2), value);
  }
  std::vector<NamedSettings> models;
  if (own.empty()) {
    BASCULE_ASSIGN(Settings settings, recommend_settings(config));
    models.push_back({name, with_model_defaults(std::move(settings))});
    return models;
  }
  for (const auto& [index, keys] : own) {
    Config whole = shared;
    std::string label;
    for (const auto& [key, value] : keys.values()) {
      if (key == "name") {
        label = std::holds_alternative<std::string>(value.data) ? std::get<std::string>(value.data)
                                                                : value.to_toml();
      } else {
        whole.put("model." + key, value);
      }
    }
    BASCULE_ASSIGN(Settings settings, recommend_settings(whole));
    if (label.empty()) label = settings.text("model.type");
    models.push_back({label, with_model_defaults(std::move(settings))});
  }
  return models;
}

Result<Comparison> compare_recommenders(const std::vector<NamedSettings>& models,
                                        const FitRequest& request, ThreadPool& pool) {
  if (models.empty()) return Error{Code::kUsage, "compare: no model is given"};
  for (std::size_t i = 0; i < models.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (models[i].name == models[j].name)
        return Error{Code::kUsage, fmt::format("compare: two models are called {}; give them a "
                                               "name",
                                               models[i].name)};
  BASCULE_TRY(require_one_split(models));
  // Before the data is read, which may take long.
  for (const NamedSettings& model : models)
    if (request.device != nullptr)
      BASCULE_TRY(make_recommender(model.settings)->use_device(request.device));
  const Settings& settings = models.front().settings;
  BASCULE_ASSIGN(const SplitData data, load_split(settings, request, pool));
  Comparison comparison;
  comparison.path = data.path;
  comparison.part = settings.text("evaluate.part");
  comparison.users = data.users;
  comparison.items = data.items;
  comparison.interactions = data.interactions;
  comparison.train_users = data.split.train.rows();
  comparison.valid_users = data.split.valid_in.rows();
  comparison.test_users = data.split.test_in.rows();
  Comparer comparer(data.split, request, pool);
  for (const NamedSettings& model : models) {
    if (request.interrupted()) return Error{Code::kInterrupted, "interrupted; nothing was written"};
    BASCULE_ASSIGN(ComparedModel result, comparer.run(model));
    request.log(fmt::format("{}: {} {:.4f}, fitted in {:.2f} s", result.name, kDecisive,
                            result.evaluation.metrics.at(kDecisive).value, result.fit_seconds));
    comparison.models.push_back(std::move(result));
  }
  judge(comparison);
  return comparison;
}

}  // namespace bascule
