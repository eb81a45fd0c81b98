#include "data/fields.h"

namespace bascule {

bool Fields::split(std::string_view line, const Dialect& dialect) {
  const std::string_view separator = dialect.separator;
  views_.clear();
  decoded_.clear();
  decoded_.reserve(line.size());  // views into it must stay valid
  std::size_t at = 0;
  for (;;) {
    if (!dialect.quotes || at == line.size() || line[at] != '"') {
      const std::size_t end = line.find(separator, at);
      views_.push_back(line.substr(at, end == std::string_view::npos ? end : end - at));
      if (end == std::string_view::npos) return true;
      at = end + separator.size();
      continue;
    }
    const std::size_t start = ++at;
    const std::size_t decoded_start = decoded_.size();
    bool plain = true;
    for (;; ++at) {
      if (at >= line.size()) return false;
      const char c = line[at];
      const char following = at + 1 < line.size() ? line[at + 1] : '\0';
      if (dialect.escape && c == '\\' && (following == '"' || following == '\\')) {
        plain = false;
        decoded_.push_back(following);
        ++at;
      } else if (c != '"') {
        decoded_.push_back(c);
      } else if (at + 1 == line.size() || line.substr(at + 1).starts_with(separator)) {
        break;
      } else {
        if (following == '"') {
          plain = false;
          ++at;
        }
        decoded_.push_back('"');
      }
    }
    if (plain) {
      decoded_.resize(decoded_start);
      views_.push_back(line.substr(start, at - start));
    } else {
      views_.push_back(std::string_view(decoded_).substr(decoded_start));
    }
    if (at + 1 == line.size()) return true;
    at += 1 + separator.size();
  }
}

}  // namespace bascule
