#include "data/grouped_rows.h"

#include <atomic>

namespace bascule {
namespace {

std::size_t at(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

/// What one thread remembers of the items of the user at hand.
struct Seen {
  // Where an item was met first. An entry counts only when it points into the user's rows and at
  // that item, so nothing is cleared between users.
  std::vector<std::int64_t> first;
  std::vector<double> sum;  // and of how many, for kMean and kSum
  std::vector<std::int64_t> count;

  void prepare(std::int32_t items, bool sums) {
    if (!first.empty()) return;
    first.resize(at(items), 0);
    if (sums) {
      sum.resize(at(items));
      count.resize(at(items));
    }
  }
};

// Resolves the duplicates among one user's rows [begin, end); returns how many rows went.
std::int64_t resolve(Duplicates policy, std::int64_t begin, std::int64_t end, Seen& seen,
                     GroupedRows& rows) {
  const bool sums = policy == Duplicates::kMean || policy == Duplicates::kSum;
  std::int64_t removed = 0;
  for (std::int64_t e = begin; e < end; ++e) {
    const std::int32_t item = rows.item[at(e)];
    std::int64_t& first = seen.first[at(item)];
    if (first < begin || first >= e || rows.item[at(first)] != item) {
      first = e;
      if (sums) {
        seen.sum[at(item)] = double{rows.value[at(e)]};
        seen.count[at(item)] = 1;
      }
      continue;
    }
    ++removed;
    if (sums) {
      seen.sum[at(item)] += double{rows.value[at(e)]};
      ++seen.count[at(item)];
    }
    const bool takes_over =
        policy == Duplicates::kLast ||
        (policy == Duplicates::kMax && rows.value[at(e)] > rows.value[at(first)]);
    rows.item[at(takes_over ? first : e)] = GroupedRows::kRemoved;
    if (takes_over) first = e;
  }
  if (!sums || removed == 0) return removed;
  for (std::int64_t e = begin; e < end; ++e) {
    const std::int32_t item = rows.item[at(e)];
    if (item == GroupedRows::kRemoved || seen.count[at(item)] == 1) continue;
    const double sum = seen.sum[at(item)];
    const auto count = static_cast<double>(seen.count[at(item)]);
    rows.value[at(e)] = static_cast<float>(policy == Duplicates::kMean ? sum / count : sum);
  }
  return removed;
}

Error repeated(const Interactions& interactions, float min_rating) {
  // Rare, and only to name the culprit: the first row in file order whose pair was there before.
  const GroupedRows rows = group_by_user(interactions, min_rating);
  std::vector<std::int64_t> last_user(at(interactions.items.size()), -1);
  for (std::int64_t u = 0; u < interactions.users.size(); ++u)
    for (std::int64_t e = rows.offsets[at(u)]; e < rows.offsets[at(u + 1)]; ++e) {
      const std::int32_t item = rows.item[at(e)];
      if (last_user[at(item)] == u)
        return {Code::kBadData,
                "user " + std::string(interactions.users[static_cast<std::int32_t>(u)]) +
                    " rates item " + std::string(interactions.items[item]) + " more than once"};
      last_user[at(item)] = u;
    }
  return {Code::kBadData, "a user rates an item more than once"};
}

}  // namespace

GroupedRows group_by_user(const Interactions& interactions, float min_rating) {
  GroupedRows rows;
  const std::int64_t count = interactions.size();
  rows.offsets.assign(at(interactions.users.size()) + 1, 0);
  for (std::int64_t r = 0; r < count; ++r)
    rows.offsets[at(interactions.user[at(r)]) + 1] += interactions.value[at(r)] >= min_rating;
  for (std::size_t u = 1; u < rows.offsets.size(); ++u) rows.offsets[u] += rows.offsets[u - 1];
  const std::size_t kept = at(rows.offsets.back());
  rows.item.resize(kept);
  rows.value.resize(kept);
  rows.time.resize(interactions.time.empty() ? 0 : kept);
  std::vector<std::int64_t> next(rows.offsets.begin(), rows.offsets.end() - 1);
  for (std::int64_t r = 0; r < count; ++r) {
    if (!(interactions.value[at(r)] >= min_rating)) continue;
    const std::size_t to = at(next[at(interactions.user[at(r)])]++);
    rows.item[to] = interactions.item[at(r)];
    rows.value[to] = interactions.value[at(r)];
    if (!rows.time.empty()) rows.time[to] = interactions.time[at(r)];
  }
  return rows;
}

Result<std::int64_t> remove_duplicates(const Interactions& interactions,
                                       const PrepareOptions& options, ThreadPool& pool,
                                       GroupedRows& rows) {
  const Chunks users{interactions.users.size(), 4096};
  const bool sums =
      options.duplicates == Duplicates::kMean || options.duplicates == Duplicates::kSum;
  std::vector<Seen> seen(at(pool.threads()));
  std::atomic<std::int64_t> removed = 0;
  pool.run(users.chunks(), [&](std::int64_t chunk, int thread) {
    Seen& mine = seen[at(thread)];
    mine.prepare(interactions.items.size(), sums);
    std::int64_t gone = 0;
    for (std::int64_t u = users.begin(chunk); u < users.end(chunk); ++u)
      gone += resolve(options.duplicates, rows.offsets[at(u)], rows.offsets[at(u + 1)], mine, rows);
    removed += gone;
  });
  if (options.duplicates == Duplicates::kError && removed > 0)
    return repeated(interactions, options.min_rating);
  return removed.load();
}

}  // namespace bascule
