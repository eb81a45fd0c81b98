#include "data/text.h"

#include <algorithm>

#include <fmt/format.h>

namespace bascule {

std::string_view encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::kAscii:
      return "ASCII";
    case Encoding::kUtf8:
      return "UTF-8";
    case Encoding::kLatin1:
      return "ISO-8859-1";
  }
  return "";
}

bool is_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  while (p < end) {
    const unsigned lead = *p++;
    if (lead < 0x80) continue;
    const int tail = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || end - p < tail) return false;
    // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
    const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (*p < low || *p > high) return false;
    for (int i = 1; i < tail; ++i)
      if ((p[i] & 0xc0) != 0x80) return false;
    p += tail;
  }
  return true;
}

Encoding detect_encoding(std::string_view text) {
  if (!byte_kinds(text).high) return Encoding::kAscii;
  return is_utf8(text) ? Encoding::kUtf8 : Encoding::kLatin1;
}

std::string to_utf8(std::string_view text, Encoding encoding) {
  if (encoding != Encoding::kLatin1) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xc0 | byte >> 6));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return out;
}

ByteKinds byte_kinds(std::string_view bytes) {
  unsigned char any = 0;
  unsigned char zero = 0;
  for (const char c : bytes) {
    any |= static_cast<unsigned char>(c);
    zero |= static_cast<unsigned char>(c == '\0');
  }
  return {zero != 0, any >= 0x80};
}

Result<std::string_view> without_bom(const std::string& name, std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) return bytes.substr(3);
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
    return Error{Code::kBadData, name + ": is UTF-16; convert it to UTF-8 first"};
  return bytes;
}

char newline_of(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, kMaxLine);
  const bool lone =
      start.find('\n') == std::string_view::npos && start.find('\r') != std::string_view::npos;
  return lone ? '\r' : '\n';
}

std::string excerpt(std::string_view row) {
  constexpr std::size_t kMost = 120;
  std::string out;
  for (const char c : row.substr(0, kMost)) {
    std::string shown(1, c);
    if (c < ' ' || c > '~') shown = fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    if (out.size() + shown.size() > kMost) break;
    out += shown;
  }
  return out;
}

}  // namespace bascule
