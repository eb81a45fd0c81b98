#include <algorithm>
#include <utility>

#include <bascule/base/timer.h>
#include <bascule/data/prepare.h>

#include "data/grouped_rows.h"

namespace bascule {
namespace {

constexpr std::int32_t kUnseen = -1;

std::size_t at(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

/// New numbers in the order of first appearance among the rows that remain.
struct Numbering {
  std::vector<std::int32_t> to;    // by old number; kUnseen: gone
  std::vector<std::int32_t> from;  // by new number

  explicit Numbering(std::int32_t count) : to(at(count), kUnseen) {}
  void see(std::int32_t old) {
    if (to[at(old)] != kUnseen) return;
    to[at(old)] = static_cast<std::int32_t>(from.size());
    from.push_back(old);
  }
  [[nodiscard]] IdTable table(const IdTable& old) const {
    IdTable table;
    for (const std::int32_t number : from) table.intern(old[number]);
    return table;
  }
};

// Walks the rows in the order of the file again; a user's k-th kept row is the k-th of its group.
void number(const Interactions& in, const PrepareOptions& options, const GroupedRows& rows,
            Numbering& users, Numbering& items) {
  std::vector<std::int64_t> next(rows.offsets.begin(), rows.offsets.end() - 1);
  for (std::int64_t r = 0; r < in.size(); ++r) {
    if (!(in.value[at(r)] >= options.min_rating)) continue;
    const std::int32_t user = in.user[at(r)];
    const std::int32_t item = rows.item[at(next[at(user)]++)];
    if (item == GroupedRows::kRemoved) continue;
    users.see(user);
    items.see(item);
  }
}

struct Built {
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  std::vector<std::int64_t> time;
};

Built build(const GroupedRows& rows, const Numbering& users, const Numbering& items, bool binarise,
            ThreadPool& pool) {
  Built out;
  const auto count = static_cast<std::int64_t>(users.from.size());
  out.offsets.assign(at(count) + 1, 0);
  for (std::int64_t u = 0; u < count; ++u) {
    const std::int32_t old = users.from[at(u)];
    std::int64_t length = 0;
    for (std::int64_t e = rows.offsets[at(old)]; e < rows.offsets[at(old) + 1]; ++e)
      length += rows.item[at(e)] != GroupedRows::kRemoved;
    out.offsets[at(u) + 1] = out.offsets[at(u)] + length;
  }
  const std::size_t nonzeros = at(out.offsets.back());
  out.indices.resize(nonzeros);
  out.values.resize(nonzeros);
  out.time.resize(rows.time.empty() ? 0 : nonzeros);

  const Chunks chunks{count, 2048};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    std::vector<std::pair<std::int32_t, std::int64_t>> line;  // new item, entry
    for (std::int64_t u = chunks.begin(chunk); u < chunks.end(chunk); ++u) {
      const std::int32_t old = users.from[at(u)];
      line.clear();
      for (std::int64_t e = rows.offsets[at(old)]; e < rows.offsets[at(old) + 1]; ++e)
        if (rows.item[at(e)] != GroupedRows::kRemoved)
          line.emplace_back(items.to[at(rows.item[at(e)])], e);
      if (!std::is_sorted(line.begin(), line.end())) std::sort(line.begin(), line.end());
      std::size_t to = at(out.offsets[at(u)]);
      for (const auto& [item, entry] : line) {
        out.indices[to] = item;
        out.values[to] = binarise ? 1.0F : rows.value[at(entry)];
        if (!out.time.empty()) out.time[to] = rows.time[at(entry)];
        ++to;
      }
    }
  });
  return out;
}

}  // namespace

Result<Prepared> prepare(const Interactions& interactions, const PrepareOptions& options,
                         ThreadPool& pool) {
  Prepared out;
  PrepareReport& report = out.report;
  Stopwatch watch;
  GroupedRows rows = group_by_user(interactions, options.min_rating);
  report.rows_in = interactions.size();
  report.below_min_rating = report.rows_in - rows.offsets.back();
  BASCULE_ASSIGN(report.duplicates, remove_duplicates(interactions, options, pool, rows));
  remove_rare(interactions.items.size(), options, rows, report);
  report.filter_seconds = watch.restart();

  Numbering users(interactions.users.size());
  Numbering items(interactions.items.size());
  number(interactions, options, rows, users, items);
  if (users.from.empty())
    return Error{Code::kBadData,
                 "no rating remains after preparation (of " + std::to_string(report.rows_in) + ")"};
  pool.run(2, [&](std::int64_t side, int) {
    if (side == 0) out.data.users = users.table(interactions.users);
    if (side == 1) out.data.items = items.table(interactions.items);
  });
  Built built = build(rows, users, items, options.binarise, pool);
  out.data.time = std::move(built.time);
  BASCULE_ASSIGN(
      Compressed matrix,
      Compressed::make(out.data.users.size(), out.data.items.size(), std::move(built.offsets),
                       std::move(built.indices), std::move(built.values)));
  out.data.matrix = CsrMatrix(std::move(matrix));
  report.matrix_seconds = watch.seconds();
  return out;
}

}  // namespace bascule
