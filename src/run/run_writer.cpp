#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/base/file.h>
#include <bascule/run/run_folder.h>

#include "run/folder_files.h"
#include "run/history.h"
#include "run/run_manifest.h"

namespace bascule {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEventsPrefix = "events.out.tfevents.";

using detail::is_leftover, detail::remove_files;

}  // namespace

std::string RunWriter::file(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

Result<RunWriter> RunWriter::create(const std::string& path) {
  std::error_code ignored;
  RunWriter writer(path);
  BASCULE_ASSIGN(const bool empty, detail::open_folder(path));
  const std::string checkpoints = writer.file(kCheckpointsFolder);
  if (fs::is_directory(checkpoints, ignored)) BASCULE_TRY(remove_files(checkpoints, is_leftover));
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
