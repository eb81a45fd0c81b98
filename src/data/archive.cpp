#include "data/archive.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>
#include <zip.h>

#include "data/tar.h"
#include "data/unpack_folder.h"

namespace bascule {
namespace {

constexpr std::size_t kBuffer = 1 << 18;

bool is_plain_entry(zip_t* archive, zip_uint64_t index) {
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  if (zip_file_get_external_attributes(archive, index, 0, &system, &attributes) != 0) return false;
  if (system != ZIP_OPSYS_UNIX) return true;
  const std::uint32_t type = (attributes >> 16) & S_IFMT;
  return type == 0 || type == S_IFREG || type == S_IFDIR;
}

Status unpack_zip_file(zip_t* archive, zip_uint64_t index, const char* name, UnpackFolder& out) {
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen_index(archive, index, 0),
                                                               zip_fclose);
  if (!file) return out.refuse(name, zip_strerror(archive));
  BASCULE_TRY(out.begin_file(name));
  std::vector<char> buffer(kBuffer);
  for (;;) {
    const zip_int64_t got = zip_fread(file.get(), buffer.data(), buffer.size());
    if (got < 0) return out.refuse(name, zip_file_strerror(file.get()));
    if (got == 0) break;
    BASCULE_TRY(out.write({buffer.data(), static_cast<std::size_t>(got)}));
  }
  return out.end_file();
}

Status unpack_zip(const std::string& path, const UnpackLimits& limits, UnpackFolder& out) {
  int code = 0;
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(path.c_str(), ZIP_RDONLY, &code),
                                                         zip_discard);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string message = fmt::format("{}: {}", path, zip_error_strerror(&error));
    zip_error_fini(&error);
    return {Code::kBadData, std::move(message)};
  }
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count > limits.max_entries)
    return {Code::kBadData, fmt::format("{}: more than {} entries", path, limits.max_entries)};
  for (zip_int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    const char* name = zip_get_name(archive.get(), index, ZIP_FL_ENC_RAW);
    if (name == nullptr) return out.refuse("?", zip_strerror(archive.get()));
    if (!is_plain_entry(archive.get(), index)) return out.refuse(name, "not a plain file");
    if (std::string_view(name).ends_with('/')) {
      BASCULE_TRY(out.add_folder(name));
    } else {
      BASCULE_TRY(unpack_zip_file(archive.get(), index, name, out));
    }
  }
  return {};
}

}  // namespace

Status unpack_archive(const std::string& path, const std::string& folder,
                      const UnpackLimits& limits) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::array<char, 4> magic{};
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return {Code::kBadData, fmt::format("cannot open {}", path)};
  file.read(magic.data(), magic.size());
  UnpackFolder out(path, static_cast<std::int64_t>(size), limits);
  BASCULE_TRY(out.open(folder));
  if (std::memcmp(magic.data(), "PK\3\4", 4) == 0) {
    BASCULE_TRY(unpack_zip(path, limits, out));
  } else {
    BASCULE_TRY(unpack_tar(path, out));
  }
  return out.commit();
}

}  // namespace bascule
