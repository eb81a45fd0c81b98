#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <bascule/base/file.h>
#include <bascule/run/run_folder.h>

#include "run/history.h"
#include "run/run_manifest.h"

namespace bascule {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxTextBytes = 16 << 20;  // spec and labels

Error bad(const std::string& path, std::string_view what) {
  return {Code::kBadData, fmt::format("{}: {}", path, what)};
}

Status check_length(const std::string& path, std::int64_t expected) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return bad(path, "is missing from the run");
  if (static_cast<std::int64_t>(size) == expected) return {};
  return bad(path, fmt::format("is damaged: it has {} bytes, {} were written", size, expected));
}

}  // namespace

std::string Run::file(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

Result<Run> Run::open(const std::string& path, std::span<const std::string_view> needed) {
  Run run;
  run.path_ = path;
  std::error_code error;
  if (!fs::exists(path, error)) return bad(path, "no such run");
  if (!fs::exists(run.file(kManifestFile), error)) return bad(path, "is not a run (no run.json)");
  BASCULE_ASSIGN(auto manifest, detail::read_manifest(run.file(kManifestFile)));
  if (!manifest.complete)
    return bad(run.file(kManifestFile), "the run is not complete: its fit was stopped; fit again");
  run.files_ = std::move(manifest.files);
  for (const auto name : needed)
    if (!run.has(name)) return bad(run.file(name), "is not part of this run");
  for (const auto& [name, file] : run.files_) BASCULE_TRY(check_length(run.file(name), file.bytes));
  return run;
}

Status Run::verify() const {
  for (const auto& [name, expected] : files_) {
    BASCULE_TRY(check_length(file(name), expected.bytes));
    BASCULE_ASSIGN(const RunFile found, detail::measure(file(name)));
    if (found.crc32c != expected.crc32c)
      return bad(file(name), fmt::format("is damaged: its checksum is {:08x}, {:08x} was written",
                                         found.crc32c, expected.crc32c));
  }
  return {};
}

Result<std::string> Run::spec() const {
  return read_file(file(kSpecFile), kMaxTextBytes);
}

Result<std::shared_ptr<const SafetensorsFile>> Run::model() const {
  return SafetensorsFile::open(file(kModelFile));
}

Result<IdFile> Run::items() const {
  return IdFile::open(file(kItemsFile));
}

Result<IdFile> Run::users() const {
  return IdFile::open(file(kUsersFile));
}

Result<std::vector<std::string>> Run::labels() const {
  BASCULE_ASSIGN(const std::string text, read_file(file(kLabelsFile), kMaxTextBytes));
  std::vector<std::string> labels;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    labels.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return labels;
}

Result<std::vector<std::string>> Run::history() const {
  std::error_code ignored;
  if (!fs::exists(file(kHistoryFile), ignored)) return std::vector<std::string>{};
  return detail::read_history(file(kHistoryFile));
}

}  // namespace bascule
