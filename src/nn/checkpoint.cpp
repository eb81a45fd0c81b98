#include "nn/checkpoint.h"

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bascule::nn {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kState = "training_state";
constexpr std::string_view kModel = "model";
constexpr std::string_view kTraining = "training";
constexpr std::string_view kEpoch = "epoch";
constexpr std::int64_t kMostEpochs = std::int64_t{1} << 40;

std::string last_path(const std::string& folder) {
  return folder + "/last.safetensors";
}
std::string best_path(const std::string& folder) {
  return folder + "/best.safetensors";
}

Status make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return {Code::kFailed, fmt::format("{}: cannot make the folder: {}", folder, error.message())};
  return {};
}

Json to_json(const TrainingState& state) {
  Json json = {{"epoch", state.epoch},
               {"batch", state.batch},
               {"loss_sum", state.loss_sum},
               {"seconds", state.seconds},
               {"best_epoch", state.best_epoch}};
  json["history"] = Json::array();
  for (const EpochResult& epoch : state.history)
    json["history"].push_back({{"epoch", epoch.epoch},
                               {"metrics", epoch.metrics},
                               {"learning_rate", epoch.learning_rate},
                               {"seconds", epoch.seconds},
                               {"best", epoch.best}});
  return json;
}

/// Throws nlohmann's exception when a field is missing or has another type.
TrainingState from_json(const Json& json) {
  TrainingState state;
  state.epoch = json.at("epoch").get<std::int64_t>();
  state.batch = json.at("batch").get<std::int64_t>();
  state.loss_sum = json.at("loss_sum").get<double>();
  state.seconds = json.at("seconds").get<double>();
  state.best_epoch = json.at("best_epoch").get<std::int64_t>();
  for (const Json& one : json.at("history")) {
    EpochResult epoch;
    epoch.epoch = one.at("epoch").get<std::int64_t>();
    epoch.metrics = one.at("metrics").get<std::map<std::string, double>>();
    epoch.learning_rate = one.at("learning_rate").get<double>();
    epoch.seconds = one.at("seconds").get<double>();
    epoch.best = one.at("best").get<bool>();
    state.history.push_back(std::move(epoch));
  }
  return state;
}

bool plausible(const TrainingState& state) {
  if (state.epoch < 0 || state.epoch > kMostEpochs || state.batch < 0 || state.best_epoch < 0 ||
      state.best_epoch > state.epoch ||
      static_cast<std::int64_t>(state.history.size()) != state.epoch)
    return false;
  for (std::size_t i = 0; i < state.history.size(); ++i) {
    if (state.history[i].epoch != static_cast<std::int64_t>(i) + 1) return false;
  }
  return true;
}

Error damaged(const SafetensorsFile& file, std::string_view what) {
  return {Code::kBadData, fmt::format("{}: {}", file.path(), what)};
}

/// The first of the "; "-separated parts in which two descriptions differ.
std::string first_difference(std::string_view ours, std::string_view theirs) {
  const auto part = [](std::string_view& rest) {
    const std::size_t end = rest.find("; ");
    const std::string_view one = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
    return one;
  };
  while (!ours.empty() || !theirs.empty()) {
    const std::string_view a = part(ours), b = part(theirs);
    if (a != b) return fmt::format("there \"{}\", here \"{}\"", b.substr(0, 100), a.substr(0, 100));
  }
  return "";
}

Status compare(const SafetensorsFile& file, std::string_view key, const std::string& ours,
               std::string_view what) {
  const auto theirs = file.metadata().find(key);
  if (theirs == file.metadata().end())
    return damaged(file, fmt::format("is no checkpoint: it has no entry \"{}\"", key));
  if (theirs->second == ours) return {};
  return {Code::kUsage, fmt::format("{}: is a checkpoint of another {}: {}", file.path(), what,
                                    first_difference(ours, theirs->second))};
}

}  // namespace

Status save_last(const std::string& folder, const VariableSnapshot& variables,
                 const TrainingState& state, const Fingerprint& fingerprint) {
  BASCULE_TRY(make_folder(folder));
  SafetensorsWriter writer;
  variables.add_to(writer);
  writer.set_metadata(std::string(kModel), fingerprint.model);
  writer.set_metadata(std::string(kTraining), fingerprint.training);
  writer.set_metadata(std::string(kState), to_json(state).dump());
  return writer.write(last_path(folder));
}

Result<std::optional<TrainingState>> load_last(const std::string& folder, VariableStore& store,
                                               const Fingerprint& fingerprint) {
  std::error_code ignored;
  if (!std::filesystem::exists(last_path(folder), ignored)) return std::optional<TrainingState>();
  BASCULE_ASSIGN(const auto file, SafetensorsFile::open(last_path(folder)));
  BASCULE_TRY(compare(*file, kModel, fingerprint.model, "model"));
  BASCULE_TRY(compare(*file, kTraining, fingerprint.training, "training"));
  const auto text = file->metadata().find(kState);
  if (text == file->metadata().end()) return damaged(*file, "has no training state");
  TrainingState state;
  try {
    state = from_json(Json::parse(text->second));
  } catch (const Json::exception&) {
    return damaged(*file, "its training state is not readable");
  }
  if (!plausible(state)) return damaged(*file, "its training state contradicts itself");
  BASCULE_ASSIGN(const VariableSnapshot variables, VariableSnapshot::read(*file, store, kAllRoles));
  BASCULE_TRY(variables.restore(store));
  return std::optional(std::move(state));
}

Status save_best(const std::string& folder, const VariableSnapshot& variables, std::int64_t epoch) {
  BASCULE_TRY(make_folder(folder));
  SafetensorsWriter writer;
  variables.add_to(writer);
  writer.set_metadata(std::string(kEpoch), std::to_string(epoch));
  return writer.write(best_path(folder));
}

Result<std::optional<VariableSnapshot>> load_best(const std::string& folder,
                                                  const VariableStore& store, std::int64_t epoch) {
  std::error_code ignored;
  if (!std::filesystem::exists(best_path(folder), ignored))
    return std::optional<VariableSnapshot>();
  BASCULE_ASSIGN(const auto file, SafetensorsFile::open(best_path(folder)));
  const auto written = file->metadata().find(kEpoch);
  if (written == file->metadata().end() || written->second != std::to_string(epoch))
    return std::optional<VariableSnapshot>();
  BASCULE_ASSIGN(VariableSnapshot snapshot, VariableSnapshot::read(*file, store, kModelRoles));
  return std::optional(std::move(snapshot));
}

Status remove_checkpoints(const std::string& folder) {
  for (const std::string& path : {last_path(folder), best_path(folder)}) {
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) return {Code::kFailed, fmt::format("{}: cannot remove: {}", path, error.message())};
  }
  return {};
}

}  // namespace bascule::nn
