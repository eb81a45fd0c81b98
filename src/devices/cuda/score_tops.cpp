#include "devices/cuda/score_tops.h"

#include <algorithm>

namespace bascule::cuda {

Result<ScoreTops> ScoreTops::make(const Session& session) {
  BASCULE_ASSIGN(Tops tops, Tops::make(session));
  BASCULE_ASSIGN(auto top, session.kernels->find(ids::top_scores));
  return ScoreTops(session, std::move(tops), std::move(top));
}

Result<NeighborLists> ScoreTops::run(const ScoredRows& rows, std::int32_t k) const {
  BASCULE_ASSIGN(NeighborLists lists, empty_lists(rows.rows, std::max(k, 0)));
  if (rows.columns == 0 || k < 1) return lists;
  BASCULE_ASSIGN(const auto begin, Values<std::int64_t>::copy(session_, rows.begin));
  BASCULE_ASSIGN(const auto marked, Values<std::int32_t>::copy(session_, rows.marked));
  BASCULE_ASSIGN(const auto deductions, Values<float>::copy(session_, rows.deductions));
  BASCULE_ASSIGN(const auto listed, Values<std::uint8_t>::copy(session_, rows.listed));
  const Tops::Form form = Tops::form(rows.columns, k);
  const std::int64_t at_once = Tops::lines_at_once(form, rows.rows);
  ScoreTopArguments a;
  a.marked = marked.data();
  a.deductions = deductions.data();
  a.listed = listed.data();
  a.stride = rows.stride;
  a.columns = rows.columns;
  a.tiles = form.tiles;
  a.width = form.width;
  a.least = rows.least;
  const auto slots = static_cast<std::size_t>(form.k);
  for (std::int64_t first = 0; first < rows.rows; first += at_once) {
    const std::int64_t lines = std::min(at_once, rows.rows - first);
    a.scores = rows.scores + first * rows.stride;
    a.marked_begin = begin.data() == nullptr ? nullptr : begin.data() + first;
    BASCULE_ASSIGN(const auto keys, tops_.run(lines, form, [&](std::uint64_t* to) {
      a.lists = to;
      top_(lines * form.tiles, a);
    }));
    for (std::int64_t line = 0; line < lines; ++line)
      put_list(std::span(keys).subspan(static_cast<std::size_t>(line) * slots, slots), first + line,
               lists);
  }
  return lists;
}

}  // namespace bascule::cuda
