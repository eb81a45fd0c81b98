#include "data/tar.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

namespace bascule {
namespace {

constexpr std::size_t kBlock = 512;
using Block = std::array<char, kBlock>;

/// A field of the header up to its first NUL.
std::string_view text_field(const Block& header, std::size_t offset, std::size_t size) {
  const std::string_view field(header.data() + offset, size);
  return field.substr(0, field.find('\0'));
}

/// Octal digits, with blanks before and a blank or NUL after them.
std::optional<std::int64_t> octal_field(const Block& header, std::size_t offset, std::size_t size) {
  std::string_view field = text_field(header, offset, size);
  while (field.starts_with(' ')) field.remove_prefix(1);
  while (field.ends_with(' ')) field.remove_suffix(1);
  if (field.empty()) return std::nullopt;
  std::int64_t value = 0;  // at most 12 digits: no overflow
  for (const char c : field) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + (c - '0');
  }
  return value;
}

bool checksum_holds(const Block& header) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool inside = i >= 148 && i < 156;  // the checksum itself counts as blanks
    sum += inside ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return octal_field(header, 148, 8) == sum;
}

class TarReader {
 public:
  TarReader(std::string path, UnpackFolder& out)
      : path_(std::move(path)), out_(out), file_(gzopen(path_.c_str(), "rb"), gzclose) {}

  Status run() {
    if (!file_) return damaged("cannot be opened");
    gzbuffer(file_.get(), 1 << 17);
    for (bool first = true;; first = false) {
      Block header{};
      if (!read(header)) return damaged(first ? "not an archive" : "ends in the middle");
      if (std::all_of(header.begin(), header.end(), [](char c) { return c == 0; })) break;
      BASCULE_TRY(entry(header, first));
    }
    return {};
  }

 private:
  [[nodiscard]] Error damaged(std::string_view why) const {
    return {Code::kBadData, fmt::format("{}: {}", path_, why)};
  }

  bool read(std::span<char> into) {
    return gzread(file_.get(), into.data(), static_cast<unsigned>(into.size())) ==
           static_cast<int>(into.size());
  }

  Status entry(const Block& header, bool first) {
    const std::string_view magic(header.data() + 257, 8);
    const bool gnu = magic == std::string_view("ustar  \0", 8);
    if (!gnu && magic != std::string_view("ustar\00000", 8))
      return damaged(first ? "neither zip nor tar" : "a header without the mark of ustar");
    if (!checksum_holds(header)) return damaged("a header with a wrong checksum");
    std::string name(text_field(header, 0, 100));
    // Old GNU headers keep times where ustar has the first part of a long name.
    const std::string_view prefix = gnu ? std::string_view() : text_field(header, 345, 155);
    if (!prefix.empty()) name = fmt::format("{}/{}", prefix, name);
    const auto size = octal_field(header, 124, 12);
    if (!size) return out_.refuse(name, "size is not octal");
    const char type = header[156];
    if (type == '5') {
      if (*size != 0) return out_.refuse(name, "a folder with content");
      return out_.add_folder(name);
    }
    if (type != '0' && type != '\0') return out_.refuse(name, "not a plain file");
    BASCULE_TRY(out_.begin_file(name));
    BASCULE_TRY(content(*size));
    return out_.end_file();
  }

  Status content(std::int64_t size) {
    while (size > 0) {
      const auto part = static_cast<std::size_t>(
          std::min<std::int64_t>(size, static_cast<std::int64_t>(buffer_.size())));
      if (!read({buffer_.data(), (part + kBlock - 1) / kBlock * kBlock}))
        return damaged("ends in the middle");
      BASCULE_TRY(out_.write({buffer_.data(), part}));
      size -= static_cast<std::int64_t>(part);
    }
    return {};
  }

  std::string path_;
  UnpackFolder& out_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
  std::vector<char> buffer_ = std::vector<char>(512 * kBlock);
};

}  // namespace

Status unpack_tar(const std::string& path, UnpackFolder& out) {
  return TarReader(path, out).run();
}

}  // namespace bascule
