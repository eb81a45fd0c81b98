#include "data/unpack_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bascule/base/text.h>

namespace bascule {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxName = 1024;
constexpr std::ptrdiff_t kMaxDepth = 16;

std::string_view name_fault(std::string_view name) {
  if (name.empty()) return "empty name";
  if (name.size() > kMaxName) return "name too long";
  if (name.front() == '/') return "absolute name";
  if (std::count(name.begin(), name.end(), '/') > kMaxDepth) return "folders nested too deeply";
  for (const char c : name) {
    if (c == '\\') return "backslash in the name";
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "control character in the name";
  }
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part == "..") return "name leaves the folder";
    if (part.empty() || part == ".") return "name is not in its plain form";
    if (part.size() > 255) return "name too long";
    begin = end + 1;
  }
  return {};
}

Error system_error(std::string_view what, const std::string& path) {
  return {Code::kFailed, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

}  // namespace

UnpackFolder::UnpackFolder(std::string archive, std::int64_t archive_bytes,
                           const UnpackLimits& limits)
    : archive_(std::move(archive)), archive_bytes_(archive_bytes), limits_(limits) {}

UnpackFolder::~UnpackFolder() {
  if (file_ >= 0) ::close(file_);
  if (temporary_.empty()) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

Error UnpackFolder::refuse(std::string_view name, std::string_view why) const {
  return {Code::kBadData, fmt::format("{}: entry \"{}\": {}", archive_, printable(name, 120), why)};
}

Status UnpackFolder::open(const std::string& folder) {
  target_ = fs::path(folder).has_filename() ? folder : fs::path(folder).parent_path().string();
  std::error_code error;
  const fs::path parent = fs::path(target_).parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error)
    return {Code::kFailed, fmt::format("cannot make {}: {}", parent.string(), error.message())};
  std::string pattern = target_ + ".unpack-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return system_error("make", pattern);
  temporary_ = pattern;
  ::chmod(temporary_.c_str(), 0755);
  return {};
}

Result<std::string> UnpackFolder::accept(std::string_view name, Kind kind) {
  if (++entries_ > limits_.max_entries)
    return refuse(name, fmt::format("more than {} entries", limits_.max_entries));
  std::string_view plain = name;
  if (plain.starts_with("./")) plain.remove_prefix(2);
  if (kind == Kind::kFolder && plain.ends_with('/')) plain.remove_suffix(1);
  if (kind == Kind::kFolder && (plain.empty() || plain == ".") && name.starts_with('.'))
    return std::string();  // "./", the root itself
  if (const std::string_view fault = name_fault(plain); !fault.empty()) return refuse(name, fault);
  std::string key(plain);
  const auto [place, fresh] = seen_.try_emplace(key, kind);
  const bool folder_again = place->second == Kind::kFolder && kind == Kind::kFolder;
  if (!fresh && !folder_again) return refuse(name, "occurs twice");
  BASCULE_TRY(make_parents(key));
  return key;
}

Status UnpackFolder::make_parents(const std::string& name) {
  for (std::size_t end = name.find('/'); end != std::string::npos; end = name.find('/', end + 1)) {
    const std::string parent = name.substr(0, end);
    const auto [place, fresh] = seen_.try_emplace(parent, Kind::kFolder);
    if (place->second != Kind::kFolder) return refuse(name, "lies inside a file");
    const std::string path = fmt::format("{}/{}", temporary_, parent);
    if (fresh && ::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
      return system_error("make", path);
  }
  return {};
}

Status UnpackFolder::add_folder(std::string_view name) {
  BASCULE_ASSIGN(const std::string key, accept(name, Kind::kFolder));
  if (key.empty()) return {};
  const std::string path = fmt::format("{}/{}", temporary_, key);
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return system_error("make", path);
  return {};
}

Status UnpackFolder::begin_file(std::string_view name) {
  BASCULE_ASSIGN(const std::string key, accept(name, Kind::kFile));
  current_ = fmt::format("{}/{}", temporary_, key);
  file_ = ::open(current_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file_ < 0) return system_error("write", current_);
  return {};
}

Status UnpackFolder::write(std::string_view bytes) {
  bytes_ += static_cast<std::int64_t>(bytes.size());
  if (bytes_ > limits_.max_bytes)
    return {Code::kBadData,
            fmt::format("{}: more than {} bytes unpacked", archive_, limits_.max_bytes)};
  if (bytes_ > limits_.ratio_floor && bytes_ / limits_.max_ratio > archive_bytes_)
    return {Code::kBadData,
            fmt::format("{}: unpacks to more than {} times its size", archive_, limits_.max_ratio)};
  while (!bytes.empty()) {
    const ssize_t done = ::write(file_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return system_error("write", current_);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Status UnpackFolder::end_file() {
  const int file = std::exchange(file_, -1);
  const bool synced = ::fsync(file) == 0;
  if (::close(file) != 0 || !synced) return system_error("write", current_);
  return {};
}

Status UnpackFolder::commit() {
  std::string source = temporary_;
  std::error_code error;
  const auto entries = std::distance(fs::directory_iterator(temporary_, error), {});
  if (entries == 0) return {Code::kBadData, fmt::format("{}: the archive is empty", archive_)};
  if (entries == 1) {
    const fs::path only = fs::directory_iterator(temporary_, error)->path();
    if (fs::is_directory(fs::symlink_status(only, error))) source = only.string();
  }
  if (::rename(source.c_str(), target_.c_str()) != 0) return system_error("make", target_);
  if (source == temporary_) temporary_.clear();
  return {};
}

}  // namespace bascule
