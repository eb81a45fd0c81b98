#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <bascule/run/id_file.h>

namespace bascule {
namespace {

constexpr std::string_view kIdHeader = "id\n";
constexpr std::string_view kIdTitleHeader = "id\ttitle\n";
constexpr std::size_t kBlock = 4096;         // bytes per entry of ends_before_
constexpr std::size_t kFlush = 1024 * 1024;  // bytes collected before a write
constexpr std::string_view kEscaped = "\t\n\r\\";
constexpr std::string_view kLetters = "tnr\\";

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const std::size_t which = kEscaped.find(c);
    if (which == std::string_view::npos) {
      out += c;
    } else {
      out += '\\';
      out += kLetters[which];
    }
  }
}

// Escapes that we never write stay as they are.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t which = text[i] == '\\' && i + 1 < text.size() ? kLetters.find(text[i + 1])
                                                                     : std::string_view::npos;
    if (which == std::string_view::npos) {
      out += text[i];
    } else {
      out += kEscaped[which];
      ++i;
    }
  }
  return out;
}

std::int64_t line_ends(std::string_view text) {
  int count = 0;  // a block at a time, so 32 bits do
  for (const char c : text) count += c == '\n';
  return count;
}

}  // namespace

Result<IdFile> IdFile::open(const std::string& path) {
  IdFile result;
  BASCULE_ASSIGN(result.file_, MappedFile::open(path));
  const std::string_view text = result.file_.text();
  for (const std::string_view header : {kIdHeader, kIdTitleHeader})
    if (text.starts_with(header)) result.body_begin_ = header.size();
  if (result.body_begin_ == 0)
    return Error{Code::kBadData,
                 fmt::format("{}:1: has no header line \"id\" or \"id<tab>title\"", path)};
  if (!text.ends_with('\n'))
    return Error{Code::kBadData, fmt::format("{}: its last line is cut short", path)};
  const std::string_view body = result.body();
  for (std::size_t at = 0; at < body.size(); at += kBlock) {
    result.ends_before_.push_back(result.lines_);
    result.lines_ += line_ends(body.substr(at, kBlock));
  }
  return result;
}

std::int64_t IdFile::line_ends_before(std::size_t position) const {
  const std::size_t block = position / kBlock;
  if (block == ends_before_.size()) return lines_;
  return ends_before_[block] + line_ends(body().substr(block * kBlock, position - block * kBlock));
}

std::optional<std::int64_t> IdFile::find(std::string_view id) const {
  // A line's id stands between a line end (that of the header for the first) and a tab or line end.
  std::string needle = "\n";
  append_escaped(needle, id);
  const std::string_view text = file_.text();
  std::size_t from = body_begin_ == 0 ? text.size() : body_begin_ - 1;
  while (from < text.size()) {
    const void* hit =
        ::memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
    if (hit == nullptr) return std::nullopt;
    const auto start = static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
    const std::size_t end = start + needle.size();
    if (end < text.size() && (text[end] == '\t' || text[end] == '\n'))
      return line_ends_before(start + 1 - body_begin_);
    from = start + 1;
  }
  return std::nullopt;
}

IdLine IdFile::at(std::int64_t index) const {
  // Start at the last block that has fewer line ends before it than our line has.
  const auto from = std::lower_bound(ends_before_.begin(), ends_before_.end(), index);
  const auto block =
      static_cast<std::size_t>(std::max<std::ptrdiff_t>(from - ends_before_.begin() - 1, 0));
  const std::string_view text = body();
  std::size_t begin = block * kBlock;
  for (std::int64_t left = index - ends_before_[block]; left > 0; --left)
    begin = text.find('\n', begin) + 1;
  const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return {unescape(line), {}};
  return {unescape(line.substr(0, tab)), unescape(line.substr(tab + 1))};
}

Status IdFile::check_size(std::int64_t expected, std::string_view what) const {
  if (lines_ == expected) return {};
  return {Code::kBadData, fmt::format("{}: has {} lines, but the model has {} {}", file_.path(),
                                      lines_, expected, what)};
}

Status write_id_file(const std::string& path, std::int64_t count, const TextAt& id_at,
                     const TextAt& title_at) {
  BASCULE_ASSIGN(AtomicFile file, AtomicFile::create(path));
  std::string text(title_at ? kIdTitleHeader : kIdHeader);
  for (std::int64_t index = 0; index < count; ++index) {
    append_escaped(text, id_at(index));
    if (title_at) {
      text += '\t';
      append_escaped(text, title_at(index));
    }
    text += '\n';
    if (text.size() >= kFlush) {
      BASCULE_TRY(file.write(text));
      text.clear();
    }
  }
  BASCULE_TRY(file.write(text));
  return file.commit();
}

}  // namespace bascule
