#pragma once
// Bytes and lines: line ends, byte order marks, character encodings.
#include <cstdint>
#include <string>
#include <string_view>

#include <bascule/base/status.h>

namespace bascule {

/// Longest line that is taken for one; what is longer is malformed.
inline constexpr std::size_t kMaxLine = std::size_t{1} << 20;

enum class Encoding { kAscii, kUtf8, kLatin1 };
std::string_view encoding_name(Encoding encoding);

bool is_utf8(std::string_view text);
/// ASCII, else UTF-8 when every byte fits, else ISO-8859-1, which any bytes fit.
Encoding detect_encoding(std::string_view text);
/// `text`, known to be in `encoding`, as UTF-8.
std::string to_utf8(std::string_view text, Encoding encoding);

/// What is in a stretch of bytes; one pass at memory speed.
struct ByteKinds {
  bool nul = false, high = false;  ///< a zero byte; a byte above 127
};
ByteKinds byte_kinds(std::string_view bytes);

/// Removes a UTF-8 byte order mark; kBadData for UTF-16, which no ratings set comes in.
Result<std::string_view> without_bom(const std::string& name, std::string_view bytes);
/// '\n', or '\r' when the text (its first MiB) ends its lines with that alone.
char newline_of(std::string_view bytes);

/// Lines one after another, without their ends ("\n", "\r\n", or a lone "\r" when that is newline).
class LineCursor {
 public:
  LineCursor(std::string_view bytes, char newline) : rest_(bytes), newline_(newline) {}
  /// False at the end. Every call but the last moves on by one physical line.
  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find(newline_);
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (newline_ == '\n' && line.ends_with('\r')) line.remove_suffix(1);
    return true;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  char newline_;
};

/// The start of a row for a report: at most 120 bytes, what is not printable ASCII as \xNN.
std::string excerpt(std::string_view row);

}  // namespace bascule
