#include "devices/cuda/score_tops.h"

#include <algorithm>

namespace bascule::cuda {

Result<ScoreTops> ScoreTops::make(const Session& session) {
  BASCULE_ASSIGN(Tops tops, Tops::make(session));
  BASCULE_ASSIGN(auto top, session.kernels->find(ids::top_scores));
  return ScoreTops(session, std::move(tops), std::move(top));
}

Result<std::vector<std::vector<Neighbor>>> ScoreTops::run(
    const ScoreRows& rows, std::int32_t k, std::span<const std::int64_t> begin,
    std::span<const std::int32_t> excluded) const {
  std::vector<std::vector<Neighbor>> found;
  if (rows.columns == 0 || k < 1) return std::vector<std::vector<Neighbor>>(rows.rows);
  BASCULE_ASSIGN(const auto begins, Values<std::int64_t>::copy(session_, begin));
  BASCULE_ASSIGN(const auto columns, Values<std::int32_t>::copy(session_, excluded));
  const Tops::Form form = Tops::form(rows.columns, k);
  const std::int64_t at_once = Tops::lines_at_once(form, rows.rows);
  ScoreTopArguments a;
  a.excluded = columns.data();
  a.stride = rows.stride;
  a.columns = rows.columns;
  a.tiles = form.tiles;
  a.width = form.width;
  a.least = rows.least;
  for (std::int64_t first = 0; first < rows.rows; first += at_once) {
    const std::int64_t lines = std::min(at_once, rows.rows - first);
    a.scores = rows.scores + first * rows.stride;
    a.excluded_begin = begins.data() == nullptr ? nullptr : begins.data() + first;
    BASCULE_ASSIGN(const auto keys, tops_.run(lines, form, [&](std::uint64_t* lists) {
      a.lists = lists;
      top_(lines * form.tiles, a);
    }));
    for (std::int64_t line = 0; line < lines; ++line)
      found.push_back(neighbors_of(std::span(keys).subspan(static_cast<std::size_t>(line * form.k),
                                                           static_cast<std::size_t>(form.k))));
  }
  return found;
}

}  // namespace bascule::cuda
