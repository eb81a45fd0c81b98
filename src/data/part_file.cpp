#include "data/part_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bascule/base/file.h>

namespace bascule {
namespace {

constexpr std::int64_t kMaxInfo = 16384;

Error failure(std::string_view what, const std::string& path) {
  return {Code::kFailed, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

}  // namespace

PartFile::PartFile(std::string path, std::string url)
    : path_(std::move(path)),
      url_(std::move(url)),
      part_(path_ + ".part"),
      info_(path_ + ".part.info") {}

PartFile::~PartFile() {
  if (fd_ >= 0) ::close(fd_);
}

Status PartFile::open(bool resumable_without_validator) {
  fd_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd_ < 0) return failure("write", part_);
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0)
    return {Code::kFailed, fmt::format("{} is being downloaded by another process", path_)};
  struct stat status {};
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode))
    return {Code::kFailed, fmt::format("{} is not a regular file", part_)};
  // Another process may have finished, and renamed the file, between our opening and locking it.
  struct stat named {};
  if (::stat(part_.c_str(), &named) != 0 || named.st_ino != status.st_ino)
    return {Code::kFailed, fmt::format("{} has just been downloaded by another process", path_)};
  size_ = status.st_size;
  if (size_ == 0) return {};
  // Two lines: the address, the validator.
  if (const auto info = read_file(info_, kMaxInfo); info.ok()) {
    const std::string& text = info.value();
    const std::size_t first = text.find('\n');
    const std::size_t second = first == std::string::npos ? first : text.find('\n', first + 1);
    if (second != std::string::npos && text.substr(0, first) == url_) {
      validator_ = text.substr(first + 1, second - first - 1);
      if (!validator_.empty() || resumable_without_validator) return {};
    }
  }
  return restart();
}

Status PartFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(fd_, bytes.data(), bytes.size(), size_);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return failure("write", part_);
    size_ += done;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

Status PartFile::restart() {
  if (::ftruncate(fd_, 0) != 0) return failure("write", part_);
  size_ = 0;
  validator_.clear();
  return {};
}

Status PartFile::set_validator(const std::string& validator) {
  validator_ = validator;
  return write_atomically(info_, fmt::format("{}\n{}\n", url_, validator_));
}

Status PartFile::commit() {
  if (::fsync(fd_) != 0) return failure("write", part_);
  if (::rename(part_.c_str(), path_.c_str()) != 0) return failure("make", path_);
  ::unlink(info_.c_str());
  return {};
}

void PartFile::discard() {
  ::unlink(part_.c_str());
  ::unlink(info_.c_str());
}

}  // namespace bascule
