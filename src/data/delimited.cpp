#include "data/delimited.h"

#include "data/careful_rows.h"
#include "data/plain_row.h"

namespace bascule {

void read_delimited(std::string_view stretch, const RowJob& job, ChunkRows& rows, ThreadIds& ids) {
  const Layout& layout = job.layout;
  RowSink sink(rows, ids, job.min_rating, job.with_time);
  CarefulRows careful(layout.dialect, layout.fields, job.newline, job.join_lines);
  const auto take = [&](const Fields& fields, bool joined) {
    // Ids do not run over lines: that is a stray quote which would eat the rows that follow.
    const auto broken = [&](int column) {
      return fields[static_cast<std::size_t>(column)].find(job.newline) != std::string_view::npos;
    };
    if (joined && (broken(layout.user) || broken(layout.item))) return Flaw::kBadId;
    const Flaw flaw = take_row(fields, job, sink);
    sink.flush();  // the fields' texts go with the row
    return flaw;
  };

  const bool plain = job.newline == '\n' && !rows.has_nul && layout.fields <= PlainRow::kMaxFields;
  PlainRow row(layout.dialect, layout.fields);
  const char* p = stretch.data();
  const char* const end = p + stretch.size();
  while (p < end) {
    const auto left = static_cast<std::size_t>(end - p);
    if (plain && left >= PlainRow::kWindow && row.cut(p)) {
      ++rows.lines;
      const Flaw flaw = take_row(row, job, sink);
      if (flaw != Flaw::kCount) sink.flaw(flaw, rows.lines, row.text());
      p = row.next();
      continue;
    }
    const CarefulRows::Step step = careful.read({p, left}, take);
    if (step.flaw != Flaw::kCount) sink.flaw(step.flaw, rows.lines + 1, step.text);
    rows.lines += step.lines;
    rows.open_quote |= step.open_quote;
    p = step.next;
  }
}

}  // namespace bascule
