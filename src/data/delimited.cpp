#include "data/delimited.h"

#include <algorithm>
#include <array>

#include "data/text.h"

namespace bascule {
namespace {

constexpr int kMaxFastFields = 32;
constexpr std::size_t kMaxJoined = std::size_t{64} << 10;  // bytes of a row over several lines

class DelimitedReader {
 public:
  DelimitedReader(const RowJob& job, ChunkRows& rows, ThreadIds& ids)
      : job_(job),
        dialect_(job.layout.dialect),
        separator_(dialect_.separator[0]),
        separator_size_(dialect_.separator.size()),
        rows_(rows),
        sink_(rows, ids, job.min_rating, job.with_time) {}

  void read(std::string_view stretch) {
    const char* p = stretch.data();
    const char* const end = p + stretch.size();
    // Behind the last line end nothing stops the fast path from running over the end.
    const std::size_t last = stretch.rfind('\n');
    const char* const fast_end = job_.newline == '\n' && !rows_.has_nul &&
                                         job_.layout.fields <= kMaxFastFields &&
                                         last != std::string_view::npos
                                     ? p + last
                                     : p;
    while (p < end) {
      const char* next = p < fast_end ? read_plain(p) : nullptr;
      if (next == nullptr) {
        next = read_any({p, static_cast<std::size_t>(end - p)});
      } else {
        ++rows_.lines;
      }
      p = next;
    }
  }

 private:
  // A row without anything unusual, ended by '\n'; null when it is not one. Returns the next row.
  const char* read_plain(const char* p) {
    std::array<std::string_view, kMaxFastFields> fields;
    const char* const line = p;
    for (int f = 0;; ++f) {
      const char* start = p;
      if (*p == '"' && dialect_.quotes) {
        start = ++p;
        while (*p != '"' && *p != '\n' && *p != '\\') ++p;
        if (*p != '"') return nullptr;
        fields[static_cast<std::size_t>(f)] = {start, static_cast<std::size_t>(p - start)};
        ++p;
      } else {
        while (*p != separator_ && *p != '\n' && *p != '\r') ++p;
        fields[static_cast<std::size_t>(f)] = {start, static_cast<std::size_t>(p - start)};
      }
      if (f + 1 == job_.layout.fields) break;
      if (*p != separator_) return nullptr;
      ++p;
      if (separator_size_ == 2) {
        if (*p != separator_) return nullptr;
        ++p;
      }
    }
    const char* const line_end = p;
    if (*p == '\r') ++p;
    if (*p != '\n' || line_end - line > static_cast<std::ptrdiff_t>(kMaxLine)) return nullptr;
    const Flaw flaw = take_row(fields, job_, sink_);
    if (flaw != Flaw::kCount)
      sink_.flaw(flaw, rows_.lines + 1, {line, static_cast<std::size_t>(line_end - line)});
    return p + 1;
  }

  // Any row at the start of `rest`; returns where the next one starts.
  const char* read_any(std::string_view rest) {
    LineCursor cursor(rest, job_.newline);
    std::string_view line;
    cursor.next(line);
    const char* next = cursor.rest().empty() ? rest.data() + rest.size() : cursor.rest().data();
    const std::int64_t number = ++rows_.lines;
    if (line.empty()) return next;
    Flaw flaw = Flaw::kCount;
    if (line.size() > kMaxLine) {
      flaw = Flaw::kLineTooLong;
    } else if (rows_.has_nul && line.find('\0') != std::string_view::npos) {
      flaw = Flaw::kNulByte;
    } else if (fields_.split(line, dialect_)) {
      flaw = take_fields();
    } else {
      rows_.open_quote = true;
      flaw = Flaw::kUnclosedQuote;
      if (job_.join_lines) {
        if (const char* joined = read_joined(rest, cursor)) return joined;
      }
    }
    if (flaw != Flaw::kCount) sink_.flaw(flaw, number, line);
    return next;
  }

  // A row whose quoted field runs over line ends. Null when no good row comes of it.
  const char* read_joined(std::string_view rest, LineCursor cursor) {
    std::string_view line;
    for (std::int64_t lines = 1; cursor.next(line); ++lines) {
      const std::string_view row(rest.data(),
                                 static_cast<std::size_t>(line.data() + line.size() - rest.data()));
      if (row.size() > kMaxJoined || row.find('\0') != std::string_view::npos) return nullptr;
      // Only a line with a quote can close the field.
      if (line.find('"') == std::string_view::npos || !fields_.split(row, dialect_)) continue;
      if (take_fields() != Flaw::kCount) return nullptr;
      rows_.lines += lines;
      return cursor.rest().empty() ? rest.data() + rest.size() : cursor.rest().data();
    }
    return nullptr;
  }

  Flaw take_fields() {
    const auto wanted = static_cast<std::size_t>(job_.layout.fields);
    if (fields_.size() < wanted) return Flaw::kTooFewFields;
    if (fields_.size() > wanted) return Flaw::kTooManyFields;
    return take_row(fields_, job_, sink_);
  }

  const RowJob& job_;
  const Dialect& dialect_;
  const char separator_;
  const std::size_t separator_size_;
  ChunkRows& rows_;
  RowSink sink_;
  Fields fields_;
};

}  // namespace

void read_delimited(std::string_view stretch, const RowJob& job, ChunkRows& rows, ThreadIds& ids) {
  DelimitedReader(job, rows, ids).read(stretch);
}

}  // namespace bascule
