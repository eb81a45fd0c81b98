// Every key of a spec of a network, with its default, its bounds and its help.
#include "nn/spec_keys.h"

#include <limits>

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
      flag("data.valid_first", false, "the validation samples are the first, not the last"),
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

}  // namespace

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

}  // namespace bascule::nn
