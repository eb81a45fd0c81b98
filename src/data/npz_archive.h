#pragma once
// The members of an .npz archive, inflated within bounds.
#include <cstdint>
#include <memory>
#include <string>

#include <bascule/base/status.h>

struct zip;

namespace bascule {

class NpzArchive {
 public:
  /// All members together may inflate to `max_bytes`, and beyond 16 MiB to `max_ratio` times the
  /// size of the file.
  static Result<NpzArchive> open(const std::string& path, std::int64_t max_bytes,
                                 std::int64_t max_ratio);

  [[nodiscard]] bool has(const char* name) const;
  /// The bytes of a member, its checksum compared; kBadData when it is missing or damaged.
  Result<std::string> member(const char* name);
  /// The member's name for messages.
  [[nodiscard]] std::string where(const char* name) const { return path_ + ": " + name; }

 private:
  struct Discard {
    void operator()(zip* archive) const;
  };
  std::string path_;
  std::int64_t left_ = 0;
  std::unique_ptr<zip, Discard> archive_;
};

}  // namespace bascule
