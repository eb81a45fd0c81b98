#include <algorithm>
#include <utility>

#include <bascule/data/inspect.h>

#include "data/grouped_rows.h"

namespace bascule {
namespace {

void count_values(const std::vector<float>& values, Inspection& out) {
  for (const float value : values) {
    const auto found = out.histogram.find(value);
    if (found != out.histogram.end()) {
      ++found->second;
    } else if (out.histogram.size() < Inspection::kMaxHistogram) {
      out.histogram.emplace(value, 1);
    } else {
      ++out.other_values;
    }
  }
}

}  // namespace

Result<Inspection> inspect(const std::string& path, const RatingsOptions& options,
                           ThreadPool& pool) {
  RatingsOptions timed = options;
  timed.with_time = true;
  BASCULE_ASSIGN(Ratings ratings, read_ratings(path, timed, pool));
  const Interactions& rows = ratings.interactions;
  Inspection out;
  out.report = std::move(ratings.report);
  out.users = rows.users.size();
  out.items = rows.items.size();
  PrepareOptions pairs;
  GroupedRows grouped = group_by_user(rows, pairs.min_rating);
  BASCULE_ASSIGN(out.duplicates, remove_duplicates(rows, pairs, pool, grouped));
  if (rows.size() > 0)
    out.density = static_cast<double>(rows.size() - out.duplicates) /
                  (static_cast<double>(out.users) * static_cast<double>(out.items));
  count_values(rows.value, out);
  out.has_time = !rows.time.empty();
  if (out.has_time) {
    const auto [first, last] = std::minmax_element(rows.time.begin(), rows.time.end());
    out.first_time = *first;
    out.last_time = *last;
  }
  return out;
}

}  // namespace bascule
