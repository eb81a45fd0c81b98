#pragma once
// Files: read whole, mapped, and replaced in one step.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <bascule/base/status.h>

namespace bascule {

/// A file that appears under its name only when it is complete. Bytes go to a temporary name in the
/// same folder; commit() syncs them, renames the file into place and syncs the folder, so a crash
/// at any instant leaves the old file or the new one, each whole. Without commit() nothing remains.
/// Every failure is kFailed and names the file.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path);
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  /// Appends bytes. After a failure the file cannot be committed.
  Status write(std::span<const std::byte> bytes);
  Status write(std::string_view text) { return write(std::as_bytes(std::span(text))); }
  /// Puts the file in place. A failure of the last step (the folder's sync) is reported although
  /// the new file is already visible: it may not survive a power cut.
  Status commit();

 private:
  AtomicFile(std::string path, std::string temporary, int fd);
  Status close_file();
  void discard();

  std::string path_;
  std::string temporary_;  // empty once committed or removed
  int fd_ = -1;
  bool failed_ = false;
};

/// Replaces `path` by the pieces, one after the other, through an AtomicFile.
Status write_atomically(const std::string& path,
                        std::span<const std::span<const std::byte>> pieces);
Status write_atomically(const std::string& path, std::string_view text);

/// Appends `text` to `path` (made when missing) and syncs it. kFailed names the file.
Status append_durably(const std::string& path, std::string_view text);

/// Name prefix of the temporary files of AtomicFile, followed by the process id: what a crash
/// leaves behind can be told by it.
inline constexpr std::string_view kTemporaryPrefix = ".bascule-";

/// The content of a regular file. kBadData when it is missing, not a regular file, unreadable or
/// larger than `max_bytes`.
Result<std::string> read_file(const std::string& path, std::int64_t max_bytes);

/// A regular file mapped for reading; pages are read when touched. The file must not be truncated
/// while it is mapped (ours never are: they are replaced by rename).
class MappedFile {
 public:
  MappedFile() = default;
  /// kBadData when the file is missing, not a regular file or unreadable.
  static Result<MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(data_), size_};
  }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace bascule
