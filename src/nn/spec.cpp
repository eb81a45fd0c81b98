#include <algorithm>

#include <fmt/format.h>

#include <bascule/nn/spec.h>

#include "nn/fingerprint.h"
#include "nn/layer_spec.h"
#include "nn/spec_keys.h"

namespace bascule::nn {
namespace {

/// A type alone stands for its table, and replaces what the spec says: --set train.optimizer=adam.
/// Other keys from the command line are meant for the new type.
Result<Config> expand_names(const Config& config) {
  Config expanded = config;
  for (const std::string_view table : {kOptimizer, kSchedule}) {
    const ConfigValue* value = config.find(table);
    if (value == nullptr) continue;
    if (!std::holds_alternative<std::string>(value->data))
      return Error{Code::kUsage, fmt::format("{}: {} must be a type or a table, not {}",
                                             value->origin, table, value->to_toml())};
    Config without;
    const std::string prefix = std::string(table) + ".";
    for (const auto& [key, other] : expanded.values()) {
      const bool replaced = key.starts_with(prefix) && !other.origin.starts_with("--set");
      if (key != table && !replaced) without.put(key, other);
    }
    without.put(prefix + "type", *value);
    expanded = std::move(without);
  }
  return expanded;
}

bool in_table(std::string_view key) {
  return key == "model.layers" || key.starts_with("model.layers[") ||
         key.starts_with("train.optimizer.") || key.starts_with("train.schedule.");
}

OptimizerOptions read_optimizer(const Settings& table, const Settings& settings) {
  const auto get = [&](const char* key, double& value) {
    const std::string full = fmt::format("{}.{}", kOptimizer, key);
    if (table.has(full)) value = table.number(full);
  };
  OptimizerOptions o = optimizer_defaults(table.text("train.optimizer.type")).value();
  get("lr", o.lr);
  get("momentum", o.momentum);
  get("rho", o.rho);
  get("beta1", o.beta1);
  get("beta2", o.beta2);
  get("epsilon", o.epsilon);
  get("weight_decay", o.weight_decay);
  if (table.has("train.optimizer.style")) o.style = table.text("train.optimizer.style");
  o.clip_norm = settings.number("train.clip_norm");
  o.clip_value = settings.number("train.clip_value");
  return o;
}

ScheduleOptions read_schedule(const Settings& table) {
  const auto get = [&](const char* key, double& value) {
    const std::string full = fmt::format("{}.{}", kSchedule, key);
    if (table.has(full)) value = table.number(full);
  };
  ScheduleOptions s;
  s.type = table.text("train.schedule.type");
  get("gamma", s.gamma);
  get("minimum", s.minimum);
  get("rise", s.rise);
  get("start_divisor", s.start_divisor);
  get("end_divisor", s.end_divisor);
  get("warmup_epochs", s.warmup_epochs);
  if (table.has("train.schedule.every")) s.every = table.integer("train.schedule.every");
  return s;
}

}  // namespace

Result<NetworkSpec> NetworkSpec::parse(const Config& given) {
  BASCULE_ASSIGN(const Config config, expand_names(given));
  Config plain;
  for (const auto& [key, value] : config.values()) {
    if (!in_table(key)) plain.put(key, value);
  }
  NetworkSpec spec;
  BASCULE_ASSIGN(spec.settings_, Settings::resolve(plain, network_schema()));
  Settings& settings = spec.settings_;
  if (!settings.has("task"))
    return Error{Code::kUsage, "task is missing: \"classify\" or \"regress\""};
  const bool classify = settings.text("task") == "classify";
  if (!settings.has("train.loss"))
    settings.put("train.loss", {std::string(classify ? "sparse_cross_entropy" : "mse"), "default"});
  const std::vector<double> scale = settings.numbers("data.scale");
  if (scale.size() != 2 || !(scale[0] < scale[1]))
    return Error{Code::kUsage, fmt::format("{}: data.scale must be two ascending numbers",
                                           settings.origin("data.scale"))};

  BASCULE_ASSIGN(ParsedLayers layers, parse_layers(config, settings.text("model.init")));
  BASCULE_ASSIGN(const Settings optimizer,
                 resolve_table(config, "train.optimizer.", optimizer_types(), "sgd"));
  BASCULE_ASSIGN(const Settings schedule,
                 resolve_table(config, "train.schedule.", schedule_types(), "constant"));
  spec.model_ = Sequential(std::move(layers.layers));
  spec.optimizer_ = read_optimizer(optimizer, settings);
  spec.schedule_ = read_schedule(schedule);
  spec.tables_ = fmt::format("\n[train.optimizer]\n{}\n\n[train.schedule]\n{}\n{}",
                             table_text(optimizer, "train.optimizer.", "\n"),
                             table_text(schedule, "train.schedule.", "\n"), layers.toml);
  Result<Loss> loss = make_loss({settings.text("train.loss"), settings.number("train.huber_delta"),
                                 settings.number("train.label_smoothing"),
                                 settings.numbers("train.class_weights")});
  if (!loss.ok())
    return Error{Code::kUsage,
                 fmt::format("{}: {}", settings.origin("train.loss"), loss.error().message)};
  spec.loss_ = std::move(loss).value();
  return spec;
}

LabelledReadOptions NetworkSpec::read_options() const {
  LabelledReadOptions options;
  options.task = classifies() ? LabelledTask::kClassification : LabelledTask::kRegression;
  options.format = settings_.text("data.format");
  options.label_columns = settings_.texts("data.target_columns");
  const std::string& column = settings_.text("data.label_column");
  if (options.label_columns.empty() && !column.empty()) options.label_columns = {column};
  options.strict = settings_.flag("data.strict");
  return options;
}

FeatureTransform NetworkSpec::transform() const {
  FeatureTransform transform;
  const std::vector<double> scale = settings_.numbers("data.scale");
  transform.grey = settings_.flag("data.grey");
  transform.scale_low = scale[0];
  transform.scale_high = scale[1];
  transform.standardise = settings_.flag("data.standardise");
  return transform;
}

FitOptions NetworkSpec::fit_options() const {
  FitOptions options;
  options.loss = loss_;
  options.optimizer = optimizer_;
  options.schedule = schedule_;
  options.epochs = settings_.integer("train.epochs");
  options.batch_size = settings_.integer("train.batch_size");
  options.shuffle = settings_.flag("train.shuffle");
  options.seed = seed();
  options.early_stopping = {settings_.integer("train.early_stopping.patience"),
                            settings_.text("train.early_stopping.monitor"),
                            settings_.flag("train.early_stopping.restore_best")};
  options.checkpoint_seconds = settings_.number("train.checkpoint_seconds");
  options.settings = lasting_settings(to_toml());
  return options;
}

std::string NetworkSpec::to_toml() const {
  return settings_.to_toml() + tables_;
}

}  // namespace bascule::nn
