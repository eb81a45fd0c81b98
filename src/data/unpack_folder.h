#pragma once
// The folder an archive is unpacked into: checks of names and sizes shared by all archive formats.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include <bascule/base/status.h>

#include "data/archive.h"

namespace bascule {

class UnpackFolder {
 public:
  /// `archive` names the source in messages; `archive_bytes` is its size.
  UnpackFolder(std::string archive, std::int64_t archive_bytes, const UnpackLimits& limits);
  /// Removes what was unpacked unless commit() moved it.
  ~UnpackFolder();
  UnpackFolder(const UnpackFolder&) = delete;
  UnpackFolder& operator=(const UnpackFolder&) = delete;

  /// Makes the temporary sibling of `folder`.
  Status open(const std::string& folder);
  Status add_folder(std::string_view name);
  Status begin_file(std::string_view name);
  Status write(std::string_view bytes);
  Status end_file();
  /// Moves the unpacked tree to its name.
  Status commit();

  /// kBadData about an entry of this archive.
  [[nodiscard]] Error refuse(std::string_view name, std::string_view why) const;

 private:
  enum class Kind { kFile, kFolder };
  Result<std::string> accept(std::string_view name, Kind kind);
  Status make_parents(const std::string& name);

  std::string archive_;
  std::int64_t archive_bytes_;
  UnpackLimits limits_;
  std::string target_, temporary_, current_;
  std::unordered_map<std::string, Kind> seen_;
  std::int64_t entries_ = 0, bytes_ = 0;
  int file_ = -1;
};

}  // namespace bascule
