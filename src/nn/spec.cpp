#include <limits>

#include <fmt/format.h>

#include <bascule/nn/spec.h>

#include "nn/layer_spec.h"
#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

constexpr double kMany = 1e15;
constexpr double kHuge = std::numeric_limits<float>::max();

using keys::flag, keys::integer, keys::number, keys::numbers, keys::word, keys::words;

Schema make_schema() {
  std::vector<std::string> formats = labelled_formats();
  formats.insert(formats.begin(), "auto");
  return {
      word("task", "", "what is trained", {"classify", "regress"}),
      integer("seed", "1", 0, kMany, "of everything random"),

      word("data.path", "", "a known set, a file or a folder"),
      word("data.format", "\"auto\"", "format of the data, when it is not to be recognised",
           formats),
      word("data.label_column", "\"\"",
           "classes, or the target: name or 1-based number of a column (csv, tsv); else the last"),
      words("data.target_columns", "[]", "the targets, when there are several (csv, tsv)"),
      flag("data.strict", false, "a malformed row is an error"),
      flag("data.grey", false, "three colour channels become one: .299 R + .587 G + .114 B"),
      numbers("data.scale", "[0.0, 1.0]", {}, {}, "bytes 0 … 255 go to this range"),
      flag("data.standardise", false,
           "each feature minus its mean, over its deviation, in training"),
      number("data.valid_fraction", "0.2", 0, 0.999,
             "of the training part validates, when the set has no validation part"),
      flag("data.valid_shuffle", true, "the validation samples are drawn; else they are the last"),
      flag("data.valid_stratified", false, "the fraction of every class"),

      word("model.init", "\"keras\"",
           "initialisers that are not given are those of this framework's layers",
           {"keras", "lasagne", "torch"}),
      word("model.layers", "", "array of tables, one a layer, with keys by type"),

      word("train.loss", "", "default: sparse_cross_entropy to classify, mse to regress",
           loss_names()),
      number("train.huber_delta", "1.0", 0, kHuge, "where huber's square becomes a line"),
      number("train.label_smoothing", "0.0", 0, 0.999, "share of the target that all classes get"),
      numbers("train.class_weights", "[]", 0, kHuge, "a factor for the loss of each class"),
      word("train.optimizer", "", "a type, or a table with the keys of its type"),
      word("train.schedule", "", "of the learning rate: a type, or a table"),
      number("train.clip_norm", "0.0", 0, kHuge, "greatest norm of all gradients together; 0: any"),
      number("train.clip_value", "0.0", 0, kHuge, "greatest size of a gradient's element; 0: any"),
      integer("train.epochs", "10", 0, 1e9, "passes over the training samples"),
      integer("train.batch_size", "128", 1, 1e8, "samples a step"),
      flag("train.shuffle", true, "a new order of the samples in every epoch"),
      integer("train.early_stopping.patience", "0", 0, 1e9,
              "stop after so many epochs without a better value; 0: never"),
      word("train.early_stopping.monitor", "\"\"",
           "the metric that decides; default valid_loss, or train_loss without validation",
           {"", "train_loss", "valid_loss", "valid_accuracy", "valid_mse", "valid_mae"}),
      flag("train.early_stopping.restore_best", false, "the model is that of the best epoch"),
      number("train.checkpoint_seconds", "10.0", 0, kMany,
             "at most one checkpoint in so many seconds; 0: one every epoch"),

      word("bascule.version", "", "written into a run: the version that made it"),
      word("bascule.commit", "", "written into a run: the commit that made it"),
  };
}

TableType optimizer_type(const std::string& name) {
  const OptimizerOptions o = optimizer_defaults(name).value();  // one of optimizer_names()
  const auto text = [](double value) { return ConfigValue{value, ""}.to_toml(); };
  TableType type{name, {number("lr", text(o.lr), 0, kHuge, "learning rate")}};
  const auto add = [&](const char* key, double value, double high, const char* help) {
    type.keys.push_back(number(key, text(value), 0, high, help));
  };
  const bool adam = name == "adam" || name == "adamw";
  if (name == "momentum" || name == "nesterov") {
    add("momentum", o.momentum, 1, "share of the velocity that is kept");
    type.keys.push_back(word("style", "\"torch\"", "whose formula; see nn/optimizer.h",
                             {"torch", "keras", "lasagne"}));
  }
  if (name == "rmsprop") add("rho", o.rho, 1, "decay of the mean square");
  if (adam || name == "lion") {
    add("beta1", o.beta1, 1, "decay of the mean");
    add("beta2", o.beta2, 1, "decay of the mean square");
  }
  if (adam || name == "rmsprop") add("epsilon", o.epsilon, 1, "added to the root");
  add("weight_decay", o.weight_decay, kHuge, "pulls parameters to 0");
  return type;
}

std::vector<TableType> optimizer_types() {
  std::vector<TableType> types;
  for (const std::string& name : optimizer_names()) types.push_back(optimizer_type(name));
  return types;
}

std::vector<TableType> schedule_types() {
  const KeyInfo warmup =
      number("warmup_epochs", "0.0", 0, kMany, "the rate rises in a line for so many epochs");
  return {
      {"constant", {warmup}},
      {"step",
       {number("gamma", "0.1", 0, kHuge, "factor"),
        integer("every", "30", 1, 1e9, "epochs between two factors"), warmup}},
      {"cosine", {number("minimum", "0.0", 0, kHuge, "the last rate"), warmup}},
      {"one_cycle",
       {number("rise", "0.3", 0, 1, "share of the steps in which the rate rises"),
        number("start_divisor", "25.0", 1e-6, kHuge, "the first rate is lr over this"),
        number("end_divisor", "10000.0", 1e-6, kHuge, "the last rate is the first over this"),
        warmup}},
  };
}

constexpr std::string_view kOptimizer = "train.optimizer";
constexpr std::string_view kSchedule = "train.schedule";

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

const Schema& network_schema() {
  static const Schema schema = make_schema();
  return schema;
}

std::vector<TypedTable> typed_tables() {
  std::vector<TypedTable> tables;
  for (const TableType& type : layer_table_types("keras"))
    tables.push_back(
        {"model.layers[]", type.name, std::string(find_layer_type(type.name)->help), type.keys});
  for (const TableType& type : optimizer_types())
    tables.push_back({std::string(kOptimizer), type.name, "", type.keys});
  for (const TableType& type : schedule_types())
    tables.push_back({std::string(kSchedule), type.name, "", type.keys});
  return tables;
}

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
  return options;
}

std::string NetworkSpec::to_toml() const {
  return settings_.to_toml() + tables_;
}

}  // namespace bascule::nn
