#include "data/npz_archive.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <zip.h>

#include <bascule/base/checked.h>

namespace bascule {
namespace {

constexpr std::int64_t kRatioFloor = std::int64_t{16} << 20;

Error bad(const std::string& path, std::string_view why) {
  return {Code::kBadData, fmt::format("{}: {}", path, why)};
}

}  // namespace

void NpzArchive::Discard::operator()(zip* archive) const {
  zip_discard(archive);
}

Result<NpzArchive> NpzArchive::open(const std::string& path, std::int64_t max_bytes,
                                    std::int64_t max_ratio) {
  NpzArchive archive;
  archive.path_ = path;
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  int code = 0;
  archive.archive_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (error || !archive.archive_) return bad(path, "not a readable .npz archive");
  const auto by_ratio = checked_mul(static_cast<std::int64_t>(size), max_ratio);
  archive.left_ = std::min(max_bytes, std::max(by_ratio.value_or(max_bytes), kRatioFloor));
  return archive;
}

bool NpzArchive::has(const char* name) const {
  return zip_name_locate(archive_.get(), name, 0) >= 0;
}

Result<std::string> NpzArchive::member(const char* name) {
  zip_stat_t info;
  zip_stat_init(&info);
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_INDEX;
  if (zip_stat(archive_.get(), name, 0, &info) != 0 || (info.valid & kNeeded) != kNeeded)
    return bad(path_, fmt::format("no member {}", name));
  if (info.size > static_cast<std::uint64_t>(left_))
    return bad(path_, fmt::format("member {} inflates to too many bytes", name));
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
      zip_fopen_index(archive_.get(), info.index, 0), zip_fclose);
  std::string bytes(info.size, '\0');
  char beyond = 0;
  // The read beyond the end makes libzip compare length and CRC.
  if (!file ||
      zip_fread(file.get(), bytes.data(), info.size) != static_cast<zip_int64_t>(info.size) ||
      zip_fread(file.get(), &beyond, 1) != 0)
    return bad(path_, fmt::format("member {} is damaged", name));
  left_ -= static_cast<std::int64_t>(info.size);
  return bytes;
}

}  // namespace bascule
