#include "run/folder_files.h"

#include <cerrno>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>
#include <signal.h>

#include <bascule/base/file.h>

namespace bascule::detail {
namespace {

namespace fs = std::filesystem;

Error failed(const std::string& path, std::string_view what, const std::error_code& error) {
  return {Code::kFailed, fmt::format("{}: {}: {}", path, what, error.message())};
}

}  // namespace

Result<bool> open_folder(const std::string& path) {
  std::error_code error;
  const auto kind = fs::status(path, error).type();
  if (kind == fs::file_type::not_found) {
    error.clear();
    fs::create_directories(path, error);
    if (error) return failed(path, "cannot make the folder", error);
  } else if (kind != fs::file_type::directory) {
    return Error{Code::kUsage, fmt::format("{}: is not a folder", path)};
  }
  BASCULE_TRY(remove_files(path, is_leftover));
  const bool empty = fs::is_empty(path, error);
  if (error) return failed(path, "cannot list", error);
  return empty;
}

bool is_leftover(std::string_view name) {
  if (!name.starts_with(kTemporaryPrefix)) return false;
  name.remove_prefix(kTemporaryPrefix.size());
  pid_t process = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), process);
  return parsed.ec == std::errc() && process > 0 && ::kill(process, 0) != 0 && errno == ESRCH;
}

Status remove_files(const std::string& folder,
                    const std::function<bool(std::string_view)>& wanted) {
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

}  // namespace bascule::detail
