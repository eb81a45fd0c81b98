// Layouts whose rows lean on their line or block: Netflix blocks and LightGCN lists.
#include <algorithm>

#include "data/numbers.h"
#include "data/rows.h"
#include "data/text.h"

namespace bascule {
namespace {

// What is wrong with the line as a whole; kCount when nothing is.
Flaw line_flaw(std::string_view line, std::size_t most) {
  if (line.size() > most) return Flaw::kLineTooLong;
  return line.find('\0') == std::string_view::npos ? Flaw::kCount : Flaw::kNulByte;
}

Flaw take_netflix(std::string_view line, std::string_view item, const RowJob& job, RowSink& sink) {
  const std::size_t first = line.find(',');
  if (first == std::string_view::npos) return Flaw::kTooFewFields;
  const std::size_t second = line.find(',', first + 1);
  if (second == std::string_view::npos) return Flaw::kTooFewFields;
  if (line.find(',', second + 1) != std::string_view::npos) return Flaw::kTooManyFields;
  const std::string_view user = line.substr(0, first);
  if (item.empty()) return Flaw::kNoItem;
  if (const Flaw flaw = id_flaw(user); flaw != Flaw::kCount) return flaw;
  float value = 0;
  std::int64_t time = 0;
  if (!parse_rating(line.substr(first + 1, second - first - 1), value)) return Flaw::kBadRating;
  if (job.with_time && !parse_time(line.substr(second + 1), time)) return Flaw::kBadTime;
  sink.add(user, item, value, time);
  return Flaw::kCount;
}

}  // namespace

bool is_block_head(std::string_view line) {
  return line.ends_with(':') && line_flaw(line, kMaxLine) == Flaw::kCount &&
         line.find(',') == std::string_view::npos;
}

void read_netflix(std::string_view stretch, const RowJob& job, ChunkRows& rows, ThreadIds& ids) {
  RowSink sink(rows, ids, job.min_rating, job.with_time);
  LineCursor cursor(stretch, job.newline);
  std::string_view line;
  std::string_view item;
  while (cursor.next(line)) {
    ++rows.lines;
    if (line.empty()) continue;
    Flaw flaw = line_flaw(line, kMaxLine);
    if (is_block_head(line)) {
      item = line.substr(0, line.size() - 1);
      flaw = id_flaw(item);
      // A bad header is a malformed row of its own, and its block has no item.
      if (flaw != Flaw::kCount) item = {};
    } else if (flaw == Flaw::kCount) {
      flaw = take_netflix(line, item, job, sink);
    }
    if (flaw != Flaw::kCount) sink.flaw(flaw, rows.lines, line);
  }
}

// Every pair of user and item is a row. A line whose user is no number is one malformed row, an
// item that is no number is one.
void read_lists(std::string_view stretch, const RowJob& job, ChunkRows& rows, ThreadIds& ids) {
  constexpr std::size_t kMaxList = std::size_t{64} << 20;
  RowSink sink(rows, ids, job.min_rating, job.with_time);
  LineCursor cursor(stretch, job.newline);
  std::string_view line;
  while (cursor.next(line)) {
    ++rows.lines;
    Flaw flaw = line_flaw(line, kMaxList);
    std::string_view user;
    for (std::size_t at = 0; flaw == Flaw::kCount && at < line.size();) {
      if (line[at] == ' ' || line[at] == '\t') {
        ++at;
        continue;
      }
      const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
      const std::string_view token = line.substr(at, end - at);
      at = end;
      Flaw token_flaw = id_flaw(token);
      if (token_flaw == Flaw::kCount && !is_digits(token)) token_flaw = Flaw::kBadId;
      if (user.empty()) {
        flaw = token_flaw;
        user = token;
      } else if (token_flaw != Flaw::kCount) {
        sink.flaw(token_flaw, rows.lines, token);
      } else {
        sink.add(user, token, 1, 0);
      }
    }
    if (flaw != Flaw::kCount) sink.flaw(flaw, rows.lines, line);
  }
}

}  // namespace bascule
