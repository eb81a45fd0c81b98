#pragma once
// Unpacking of downloaded archives, every one of them taken as hostile.
#include <cstdint>
#include <string>

#include <bascule/base/status.h>

namespace bascule {

struct UnpackLimits {
  std::int64_t max_entries = 10000;
  std::int64_t max_bytes = std::int64_t{64} << 30;  ///< of all files together
  /// Unpacked bytes per byte of the archive, once more than ratio_floor bytes are unpacked.
  std::int64_t max_ratio = 100;
  std::int64_t ratio_floor = std::int64_t{64} << 20;
};

/// Unpacks a zip, tar or tar.gz (told by content) into `folder`, which must not exist or be empty.
/// Everything goes to a temporary sibling first, so `folder` appears complete or not at all. An
/// archive that holds one folder and nothing else gives that folder's content. Only plain files and
/// folders are accepted: absolute names, "..", backslashes, control characters, links, devices,
/// names that occur twice and anything beyond `limits` are kBadData.
Status unpack_archive(const std::string& path, const std::string& folder,
                      const UnpackLimits& limits = {});

}  // namespace bascule
