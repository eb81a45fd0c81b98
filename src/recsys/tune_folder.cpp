#include "recsys/tune_folder.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>

#include <bascule/base/file.h>
#include <bascule/run/run_folder.h>

#include "run/folder_files.h"
#include "run/history.h"

namespace bascule::detail {
namespace {

constexpr std::int64_t kLargestSpec = 1 << 20;

/// Keys that may change while a search goes on: data may move, and the program may be renewed.
bool is_free(const std::string& key) {
  constexpr std::array<std::string_view, 3> kFree = {"data.path", "bascule.version",
                                                     "bascule.commit"};
  return std::find(kFree.begin(), kFree.end(), key) != kFree.end();
}

std::string text_of(const Config& config, const std::string& key) {
  const ConfigValue* value = config.find(key);
  return value == nullptr ? "not given" : value->to_toml();
}

}  // namespace

std::string TuneFolder::file(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

Result<TuneFolder> TuneFolder::open(const std::string& path, bool resume, const std::string& spec,
                                    const SearchSpace& space, const std::string& metric) {
  TuneFolder folder(path);
  if (path.empty()) return folder;
  BASCULE_ASSIGN(const bool empty, open_folder(path));
  const std::string log = folder.file(kTrialsFile);
  std::error_code ignored;
  if (!std::filesystem::exists(log, ignored)) {
    if (!empty)
      return Error{
          Code::kUsage,
          fmt::format("{}: holds files that are not a search; choose another folder", path)};
    BASCULE_TRY(folder.begin(spec));
    return folder;
  }
  BASCULE_ASSIGN(const std::vector<std::string> lines, read_history(log));
  if (lines.empty()) {
    BASCULE_TRY(folder.begin(spec));
    return folder;
  }
  if (!resume)
    return Error{Code::kUsage, fmt::format("{}: has a search of {} trials; go on with --resume, or "
                                           "choose another folder",
                                           path, lines.size())};
  BASCULE_TRY(folder.check_spec(spec));
  for (const std::string& line : lines) {
    const std::int64_t number = std::ssize(folder.trials_) + 1;
    Result<TuneTrial> trial = read_trial(line, space, metric, number);
    if (!trial.ok())
      return Error{trial.error().code,
                   fmt::format("{}:{}: {}", log, number, trial.error().message)};
    folder.trials_.push_back(std::move(trial).value());
  }
  BASCULE_TRY(repair_history(log));
  return folder;
}

Status TuneFolder::begin(const std::string& spec) const {
  // First the file that says what the folder is.
  BASCULE_TRY(write(kTrialsFile, ""));
  return write(kSpecFile, spec);
}

Status TuneFolder::check_spec(const std::string& spec) const {
  const std::string path = file(kSpecFile);
  BASCULE_ASSIGN(const std::string text, read_file(path, kLargestSpec));
  const Result<Config> stored = Config::parse(text, path);
  if (!stored.ok()) return {Code::kBadData, stored.error().message};
  BASCULE_ASSIGN(const Config ours, Config::parse(spec, "spec"));
  Config all = *stored;
  for (const auto& [key, value] : ours.values()) all.put(key, value);
  for (const auto& entry : all.values()) {
    const std::string& key = entry.first;
    const std::string before = text_of(*stored, key), now = text_of(ours, key);
    if (before == now || is_free(key)) continue;
    return {Code::kUsage,
            fmt::format("--resume: {} was {} and is {} now{}; {} has the spec that "
                        "the search began with",
                        key, before, now, key == "tune.data" ? " (data or split have changed)" : "",
                        path)};
  }
  return {};
}

Status TuneFolder::add(std::string_view trial) const {
  if (path_.empty()) return {};
  return append_durably(file(kTrialsFile), fmt::format("{}\n", trial));
}

Status TuneFolder::write(std::string_view name, std::string_view text) const {
  if (path_.empty()) return {};
  return write_atomically(file(name), text);
}

}  // namespace bascule::detail
