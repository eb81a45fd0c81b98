#pragma once
// The keys of a spec with task = "classify" or "regress", and what they mean. [[model.layers]],
// train.optimizer and train.schedule have keys that depend on their type; see typed_tables().
#include <memory>
#include <string>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/data/batches.h>
#include <bascule/data/labelled.h>
#include <bascule/data/normalise.h>
#include <bascule/nn/sequential.h>
#include <bascule/nn/trainer.h>

namespace bascule::nn {

/// Every key but those of typed tables.
const Schema& network_schema();

/// One type of layer, optimizer or schedule and its keys, for documentation.
struct TypedTable {
  std::string where;  ///< "model.layers[]", "train.optimizer", "train.schedule"
  std::string type;
  std::string help;
  Schema keys;  ///< names relative to `where`
};
std::vector<TypedTable> typed_tables();

/// A spec, checked.
class NetworkSpec {
 public:
  /// kUsage, naming key and line, for anything unknown (with the nearest known name), missing, of
  /// the wrong type or out of range.
  static Result<NetworkSpec> parse(const Config& config);

  /// The keys of network_schema().
  [[nodiscard]] const Settings& settings() const { return settings_; }
  Settings& settings() { return settings_; }
  [[nodiscard]] bool classifies() const { return settings_.text("task") == "classify"; }
  [[nodiscard]] std::uint64_t seed() const {
    return static_cast<std::uint64_t>(settings_.integer("seed"));
  }
  [[nodiscard]] const Sequential& model() const { return model_; }
  [[nodiscard]] LabelledReadOptions read_options() const;
  [[nodiscard]] FeatureTransform transform() const;
  [[nodiscard]] const Loss& loss() const { return loss_; }
  /// All but the callbacks and the folder.
  [[nodiscard]] FitOptions fit_options() const;
  /// The whole spec, defaults included, as TOML that parses to the same.
  [[nodiscard]] std::string to_toml() const;

 private:
  Settings settings_;
  Sequential model_;
  Loss loss_;
  OptimizerOptions optimizer_;
  ScheduleOptions schedule_;
  std::string tables_;  // TOML of optimizer and schedule, then of the layers
};

}  // namespace bascule::nn
