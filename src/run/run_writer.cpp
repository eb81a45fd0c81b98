#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include <bascule/base/file.h>
#include <bascule/run/run_folder.h>

#include "run/history.h"
#include "run/run_manifest.h"

namespace bascule {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEventsPrefix = "events.out.tfevents.";

Error failed(const std::string& path, std::string_view what, const std::error_code& error) {
  return {Code::kFailed, fmt::format("{}: {}: {}", path, what, error.message())};
}

// A temporary file whose process is gone: what a crash left.
bool is_leftover(std::string_view name) {
  if (!name.starts_with(kTemporaryPrefix)) return false;
  name.remove_prefix(kTemporaryPrefix.size());
  pid_t process = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), process);
  return parsed.ec == std::errc() && process > 0 && ::kill(process, 0) != 0 && errno == ESRCH;
}

template <class Wanted>
Status remove_files(const std::string& folder, Wanted wanted) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  while (!error && entry != fs::directory_iterator()) {
    const std::string path = entry->path().string();
    const bool remove = wanted(entry->path().filename().string());
    entry.increment(error);
    std::error_code removal;
    if (remove && !fs::remove(path, removal) && removal)
      return failed(path, "cannot remove", removal);
  }
  if (error) return failed(folder, "cannot list", error);
  return {};
}

}  // namespace

std::string RunWriter::file(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

Result<RunWriter> RunWriter::create(const std::string& path) {
  std::error_code error;
  RunWriter writer(path);
  const auto kind = fs::status(path, error).type();
  if (kind == fs::file_type::not_found) {
    error.clear();
    fs::create_directories(path, error);
    if (error) return failed(path, "cannot make the folder", error);
  } else if (kind != fs::file_type::directory) {
    return Error{Code::kUsage, fmt::format("{}: is not a folder", path)};
  }
  BASCULE_TRY(remove_files(path, is_leftover));
  const std::string checkpoints = writer.file(kCheckpointsFolder);
  if (fs::is_directory(checkpoints, error)) BASCULE_TRY(remove_files(checkpoints, is_leftover));
  const bool empty = fs::is_empty(path, error);
  if (error) return failed(path, "cannot list", error);
  if (empty) {
    BASCULE_TRY(writer.write_manifest(false));
    writer.marked_incomplete_ = true;
  } else if (!detail::read_manifest(writer.file(kManifestFile)).ok()) {
    return Error{Code::kUsage,
                 fmt::format("{}: holds files that are not a run; choose another folder", path)};
  }
  return writer;
}

Status RunWriter::write_manifest(bool complete) const {
  return write_atomically(file(kManifestFile), detail::manifest_text({complete, files_}));
}

Status RunWriter::touch(std::string_view name) {
  if (!marked_incomplete_) BASCULE_TRY(write_manifest(false));
  marked_incomplete_ = true;
  files_[std::string(name)] = {};
  return {};
}

Status RunWriter::write_spec(std::string_view toml) {
  BASCULE_TRY(touch(kSpecFile));
  return write_atomically(file(kSpecFile), toml);
}

Status RunWriter::write_model(const SafetensorsWriter& model) {
  BASCULE_TRY(touch(kModelFile));
  return model.write(file(kModelFile));
}

Status RunWriter::write_items(std::int64_t count, const TextAt& id_at, const TextAt& title_at) {
  BASCULE_TRY(touch(kItemsFile));
  return write_id_file(file(kItemsFile), count, id_at, title_at);
}

Status RunWriter::write_users(std::int64_t count, const TextAt& id_at) {
  BASCULE_TRY(touch(kUsersFile));
  return write_id_file(file(kUsersFile), count, id_at);
}

Status RunWriter::write_labels(std::span<const std::string> labels) {
  std::string text;
  for (const std::string& label : labels) {
    if (label.find('\n') != std::string::npos)
      return {Code::kUsage, fmt::format("{}: a label has a line end", file(kLabelsFile))};
    text += label + "\n";
  }
  BASCULE_TRY(touch(kLabelsFile));
  return write_atomically(file(kLabelsFile), text);
}

Status RunWriter::write_report(std::string_view html) {
  return write_atomically(file(kReportFile), html);
}

Status RunWriter::restart_history() {
  BASCULE_TRY(write_atomically(file(kHistoryFile), ""));
  return remove_files(path_, [](std::string_view name) { return name.starts_with(kEventsPrefix); });
}

Status RunWriter::append_history(std::string_view json) {
  const std::string path = file(kHistoryFile);
  if (json.find('\n') != std::string_view::npos || !nlohmann::json::accept(json))
    return {Code::kUsage, fmt::format("{}: the line to add is not one line of JSON", path)};
  if (!history_is_whole_) BASCULE_TRY(detail::repair_history(path));
  history_is_whole_ = true;
  Status status = append_durably(path, std::string(json) + "\n");
  history_is_whole_ = status.ok();
  return status;
}

Status RunWriter::finish() {
  for (auto& [name, entry] : files_) {
    BASCULE_ASSIGN(entry, detail::measure(file(name)));
  }
  BASCULE_TRY(remove_files(path_, [&](std::string_view name) {
    return (name == kUsersFile || name == kLabelsFile) && !files_.contains(name);
  }));
  BASCULE_TRY(write_manifest(true));
  marked_incomplete_ = false;
  return {};
}

}  // namespace bascule
