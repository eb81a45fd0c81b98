#include "run/history.h"

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/base/file.h>

namespace bascule::detail {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 30;

}  // namespace

Status repair_history(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return write_atomically(path, "");
  BASCULE_ASSIGN(const std::string text, read_file(path, kMaxBytes));
  if (text.empty() || text.ends_with('\n')) return {};
  const std::size_t keep = text.rfind('\n') + 1;  // 0 when there is no complete line
  return write_atomically(path, std::string_view(text).substr(0, keep));
}

Result<std::vector<std::string>> read_history(const std::string& path) {
  BASCULE_ASSIGN(const std::string text, read_file(path, kMaxBytes));
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    if (!nlohmann::json::accept(lines.back()))
      return Error{Code::kBadData, fmt::format("{}:{}: is not JSON", path, lines.size())};
    begin = end + 1;
  }
  return lines;
}

}  // namespace bascule::detail
