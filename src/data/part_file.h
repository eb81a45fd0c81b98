#pragma once
// A download in progress: the bytes that came so far, and what tells whether they can be continued.
#include <cstdint>
#include <string>
#include <string_view>

#include <bascule/base/status.h>

namespace bascule {

class PartFile {
 public:
  /// `path` is the final name.
  PartFile(std::string path, std::string url);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  /// Opens or makes `path`.part and locks it; kFailed when another process holds it. Bytes of an
  /// earlier call are kept when they belong to the same address and `resumable_without_validator`
  /// (a checksum judges the result) or the server gave a validator for If-Range.
  Status open(bool resumable_without_validator);
  [[nodiscard]] std::int64_t size() const { return size_; }
  /// ETag or date of the version that these bytes belong to; may be empty.
  [[nodiscard]] const std::string& validator() const { return validator_; }

  Status append(std::string_view bytes);
  /// Forgets the bytes.
  Status restart();
  /// Notes the version that the bytes now coming belong to.
  Status set_validator(const std::string& validator);
  /// Syncs the bytes and gives the file its final name.
  Status commit();
  /// Removes everything.
  void discard();

  [[nodiscard]] const std::string& part_path() const { return part_; }

 private:
  std::string path_, url_, part_, info_, validator_;
  std::int64_t size_ = 0;
  int fd_ = -1;
};

}  // namespace bascule
