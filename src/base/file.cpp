#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bascule/base/file.h>

#include "base/file_ops.h"

namespace bascule {
namespace detail {

FileOps& file_ops() {
  static FileOps ops{
      [](const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); },
      ::write,
      ::fsync,
      ::close,
      [](const char* from, const char* to) { return std::rename(from, to); },
      ::unlink};
  return ops;
}

}  // namespace detail

namespace {

using detail::file_ops;

constexpr std::size_t kReadStep = 64 * 1024;

Error failure(Code code, const std::string& path, std::string_view what) {
  return {code, fmt::format("{}: {}: {}", path, what, std::generic_category().message(errno))};
}

template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status write_all(int fd, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = retry([&] { return file_ops().write(fd, bytes.data(), bytes.size()); });
    if (n == 0) errno = EIO;
    if (n <= 0) return failure(Code::kFailed, path, "cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Status sync_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  const int fd =
      retry([&] { return file_ops().open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0); });
  if (fd < 0) return failure(Code::kFailed, path, "cannot sync its folder");
  // Some file systems cannot sync folders and say EINVAL; there is nothing better to do there.
  const bool bad = retry([&] { return file_ops().fsync(fd); }) < 0 && errno != EINVAL;
  Status status;
  if (bad) status = failure(Code::kFailed, path, "cannot sync its folder");
  file_ops().close(fd);
  return status;
}

struct OpenedFile {
  int fd = -1;
  std::int64_t size = 0;
};

// O_NONBLOCK: opening a pipe must not wait for its writer before it can be refused.
Result<OpenedFile> open_regular(const std::string& path) {
  OpenedFile file;
  file.fd = retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
  if (file.fd < 0) return failure(Code::kBadData, path, "cannot open");
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) {
    Error error = failure(Code::kBadData, path, "cannot stat");
    ::close(file.fd);
    return error;
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(file.fd);
    return Error{Code::kBadData, fmt::format("{}: is not a regular file", path)};
  }
  file.size = info.st_size;
  return file;
}

}  // namespace

AtomicFile::AtomicFile(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)),
      failed_(other.failed_) {}

AtomicFile::~AtomicFile() {
  discard();
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  static std::atomic<unsigned> serial{0};
  constexpr int kAttempts = 100;  // names left by a crashed process of the same id
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string temporary = fmt::format("{}/{}{}-{}.tmp", folder_of(path), kTemporaryPrefix,
                                        ::getpid(), serial.fetch_add(1));
    const int fd = retry([&] {
      return file_ops().open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    });
    if (fd >= 0) return AtomicFile(path, std::move(temporary), fd);
    if (errno != EEXIST) break;
  }
  return failure(Code::kFailed, path, "cannot create");
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  Status status = write_all(fd_, bytes, path_);
  failed_ = failed_ || !status.ok();
  return status;
}

Status AtomicFile::close_file() {
  if (file_ops().close(std::exchange(fd_, -1)) != 0)
    return failure(Code::kFailed, path_, "cannot close");
  return {};
}

Status AtomicFile::commit() {
  if (failed_ || fd_ < 0) return {Code::kFailed, fmt::format("{}: is not complete", path_)};
  if (retry([&] { return file_ops().fsync(fd_); }) != 0) {
    Error error = failure(Code::kFailed, path_, "cannot sync");
    discard();
    return error;
  }
  if (Status closed = close_file(); !closed.ok()) {
    discard();
    return closed;
  }
  if (file_ops().rename(temporary_.c_str(), path_.c_str()) != 0) {
    Error error = failure(Code::kFailed, path_, "cannot put in place");
    discard();
    return error;
  }
  temporary_.clear();
  return sync_folder(path_);
}

void AtomicFile::discard() {
  if (fd_ >= 0) file_ops().close(std::exchange(fd_, -1));
  if (!temporary_.empty()) file_ops().unlink(std::exchange(temporary_, {}).c_str());
}

Status write_atomically(const std::string& path,
                        std::span<const std::span<const std::byte>> pieces) {
  BASCULE_ASSIGN(AtomicFile file, AtomicFile::create(path));
  for (const auto piece : pieces) BASCULE_TRY(file.write(piece));
  return file.commit();
}

Status write_atomically(const std::string& path, std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return write_atomically(path, std::span(&bytes, 1));
}

Status append_durably(const std::string& path, std::string_view text) {
  const int fd = retry([&] {
    return file_ops().open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  });
  if (fd < 0) return failure(Code::kFailed, path, "cannot open for appending");
  Status status = write_all(fd, std::as_bytes(std::span(text)), path);
  if (status.ok() && retry([&] { return file_ops().fsync(fd); }) != 0)
    status = failure(Code::kFailed, path, "cannot sync");
  file_ops().close(fd);
  return status;
}

Result<std::string> read_file(const std::string& path, std::int64_t max_bytes) {
  BASCULE_ASSIGN(const OpenedFile file, open_regular(path));
  const auto too_large = [&] {
    return Error{Code::kBadData, fmt::format("{}: is larger than {} bytes", path, max_bytes)};
  };
  if (file.size > max_bytes) {
    ::close(file.fd);
    return too_large();
  }
  // Read to the end: files of /proc say that they are empty.
  std::string content;
  std::size_t used = 0;
  for (;;) {
    content.resize(std::max(static_cast<std::size_t>(file.size) + 1, used + kReadStep));
    const ssize_t n =
        retry([&] { return ::read(file.fd, content.data() + used, content.size() - used); });
    if (n < 0) {
      Error error = failure(Code::kBadData, path, "cannot read");
      ::close(file.fd);
      return error;
    }
    used += static_cast<std::size_t>(n);
    if (n == 0 || used > static_cast<std::size_t>(max_bytes)) break;
  }
  ::close(file.fd);
  if (used > static_cast<std::size_t>(max_bytes)) return too_large();
  content.resize(used);
  return content;
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  BASCULE_ASSIGN(const OpenedFile opened, open_regular(path));
  MappedFile file;
  file.path_ = path;
  if (opened.size > 0) {
    const auto size = static_cast<std::size_t>(opened.size);
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, opened.fd, 0);
    if (data == MAP_FAILED) {
      Error error = failure(Code::kBadData, path, "cannot map");
      ::close(opened.fd);
      return error;
    }
    file.data_ = static_cast<const std::byte*>(data);
    file.size_ = size;
  }
  ::close(opened.fd);
  return file;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace bascule
