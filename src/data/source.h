#pragma once
// The bytes of one input file: mapped when plain, inflated into memory when compressed.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <bascule/base/status.h>

namespace bascule {

class Source {
 public:
  /// Opens a regular file; gzip, xz and zstd are recognised by their first bytes and inflated.
  /// Fails with kBadData and the file's name: missing, a folder, damaged, cut short, more than
  /// `max_bytes` once inflated, or inflating as no honest file does. The file must not shrink while
  /// it is used.
  static Result<Source> open(const std::string& path, std::int64_t max_bytes);
  /// The same for bytes in memory, which must outlive the source unless they are compressed.
  static Result<Source> from_memory(std::string name, std::string_view bytes,
                                    std::int64_t max_bytes);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// Says that `part` of the bytes is not needed for now, so that a large file does not stay in the
  /// process's memory. They stay valid: reading them again brings them back.
  void release(std::string_view part) const;

 private:
  std::string name_;
  std::string_view bytes_;
  std::shared_ptr<void> owner_;  // unmaps or frees
  bool mapped_ = false;
};

}  // namespace bascule
