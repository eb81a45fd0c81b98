#include <utility>

#include "data/delimited.h"
#include "data/pandas_tokenizer.h"

namespace bascule {

bool read_as_pandas(std::string_view file, const RowJob& job, ChunkRows& rows, ThreadIds& ids) {
  RowSink sink(rows, ids, job.min_rating, job.with_time);
  PandasTokenizer tokenizer(file, job.layout.dialect.separator[0], job.layout.header);
  PandasRow row;
  bool header = job.layout.header;
  while (tokenizer.next(row)) {
    if (std::exchange(header, false)) continue;
    Flaw flaw = Flaw::kTooManyFields;
    if (!row.skipped) {
      flaw = take_row(row, job, sink);
      sink.flush();  // the fields' texts go with the row
      if (flaw != Flaw::kCount && row.given < static_cast<std::size_t>(job.layout.fields))
        flaw = Flaw::kTooFewFields;
    }
    if (flaw != Flaw::kCount) sink.flaw(flaw, row.line, row.text);
  }
  return !tokenizer.open_quote();
}

}  // namespace bascule
