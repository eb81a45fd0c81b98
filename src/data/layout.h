#pragma once
// How the rows of one ratings file are written, recognised from its first lines or given by name.
#include <string>
#include <string_view>

#include <bascule/base/status.h>
#include <bascule/data/ratings.h>

#include "data/fields.h"

namespace bascule {

enum class RowKind {
  kDelimited,  ///< a row a line, in fields
  kNetflix,    ///< "item:" on a line of its own, then user,rating,date
  kList        ///< user item item …
};

struct Layout {
  std::string format;
  RowKind kind = RowKind::kDelimited;
  Dialect dialect;
  bool header = false;
  int fields = 0;  ///< of a well-formed row
  /// Columns of a delimited row from 0; -1: the format has none (ratings are then 1).
  int user = 0, item = 1, rating = -1, time = -1;
};

/// The layout of `bytes` (after a byte order mark): the one that options.format names, or the one
/// its first lines show. Fails with kBadData when they fit no layout or lack a column, kUsage when
/// there is no such format.
Result<Layout> find_layout(const std::string& name, std::string_view bytes, char newline,
                           const RatingsOptions& options);

/// The columns of a header or, without one, of the usual order. Fills fields, user, item, rating,
/// time and header of `layout`.
Status find_columns(const std::string& name, const Fields& first_row, const RatingsOptions& options,
                    Layout& layout);

}  // namespace bascule
