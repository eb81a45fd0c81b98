#pragma once
// The rows of a stretch of a file, one reader per kind of layout. A stretch begins at the start of
// a line (for kNetflix: of an item's block, where there is one) and ends at the end of one.
#include <string_view>

#include "data/layout.h"
#include "data/row_sink.h"

namespace bascule {

struct RowJob {
  const Layout& layout;
  char newline = '\n';
  float min_rating = 0;
  bool with_time = false;
  /// A quoted field may run over line ends. Wants the whole file as one stretch.
  bool join_lines = false;
};

/// Is a line the head of an item's block in the Netflix layout?
bool is_block_head(std::string_view line);

void read_delimited(std::string_view stretch, const RowJob& job, ChunkRows& rows, ThreadIds& ids);
void read_netflix(std::string_view stretch, const RowJob& job, ChunkRows& rows, ThreadIds& ids);
void read_lists(std::string_view stretch, const RowJob& job, ChunkRows& rows, ThreadIds& ids);
/// Row by row as pandas.read_csv does with on_bad_lines="skip"; wants the whole file, header and
/// all. False when the file ends inside a quoted field, which pandas refuses to read.
bool read_as_pandas(std::string_view file, const RowJob& job, ChunkRows& rows, ThreadIds& ids);

}  // namespace bascule
