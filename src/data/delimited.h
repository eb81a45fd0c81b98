#pragma once
// From the fields of a delimited row to the sink.
#include <string_view>

#include "data/numbers.h"
#include "data/rows.h"

namespace bascule {

/// Takes the row whose fields are row[0], row[1], …; kCount when it is good. Columns of the layout
/// must be within the row.
template <class Row>
Flaw take_row(const Row& row, const RowJob& job, RowSink& sink) {
  const Layout& layout = job.layout;
  const auto field = [&](int column) { return row[static_cast<std::size_t>(column)]; };
  const std::string_view user = field(layout.user);
  const std::string_view item = field(layout.item);
  float value = 1;
  std::int64_t time = 0;
  Flaw flaw = id_flaw(user);
  if (flaw == Flaw::kCount) flaw = id_flaw(item);
  if (flaw != Flaw::kCount) return flaw;
  if (layout.rating >= 0 && !parse_rating(field(layout.rating), value)) return Flaw::kBadRating;
  if (job.with_time && layout.time >= 0 && !parse_time(field(layout.time), time))
    return Flaw::kBadTime;
  sink.add(user, item, value, time);
  return Flaw::kCount;
}

}  // namespace bascule
