#include "data/stretches.h"

#include <algorithm>

#include "data/rows.h"
#include "data/text.h"

namespace bascule {
namespace {

constexpr std::size_t kStretch = std::size_t{512} << 10;

// The start of the first line, or of the first item's block, at or after `from`.
std::size_t next_cut(const Input& input, std::size_t from) {
  const std::string_view body = input.body;
  const auto after_line = [&](std::size_t at) {
    const std::size_t end = body.find(input.newline, at);
    return end == std::string_view::npos ? body.size() : end + 1;
  };
  std::size_t start = after_line(from);
  if (input.layout.kind != RowKind::kNetflix) return start;
  while (start < body.size()) {
    const std::size_t colon = body.find(':', start);
    if (colon == std::string_view::npos) return body.size();
    const std::size_t before = body.substr(start, colon - start).rfind(input.newline);
    if (before != std::string_view::npos) start += before + 1;
    std::string_view line;
    LineCursor(body.substr(start), input.newline).next(line);
    if (is_block_head(line)) return start;
    start = after_line(start);
  }
  return body.size();
}

}  // namespace

Result<Input> prepare_input(const Source& source, const RatingsOptions& options) {
  Input input;
  input.source = &source;
  BASCULE_ASSIGN(input.whole, without_bom(source.name(), source.bytes()));
  input.newline = newline_of(input.whole);
  BASCULE_ASSIGN(input.layout, find_layout(source.name(), input.whole, input.newline, options));
  LineCursor cursor(input.whole, input.newline);
  std::string_view line;
  if (input.layout.header) do {
      ++input.head_lines;
    } while (cursor.next(line) && line.empty());
  input.body = cursor.rest();
  return input;
}

std::vector<std::string_view> cut(const Input& input) {
  std::vector<std::string_view> stretches;
  for (std::size_t begin = 0; begin < input.body.size();) {
    const std::size_t nominal = begin + kStretch;
    const std::size_t end =
        nominal < input.body.size() ? next_cut(input, nominal) : input.body.size();
    stretches.push_back(input.body.substr(begin, end - begin));
    begin = end;
  }
  return stretches;
}

}  // namespace bascule
