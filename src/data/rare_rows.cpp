#include <utility>

#include "data/grouped_rows.h"

namespace bascule {
namespace {

std::size_t at(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

/// Takes off users and items below their minimum. Every row is looked at once from its user and
/// once from its item, however many rounds it takes.
class Peeling {
 public:
  Peeling(std::int32_t items, GroupedRows& rows)
      : rows_(rows),
        users_(static_cast<std::int64_t>(rows.offsets.size()) - 1),
        user_count_(at(users_), 0),
        item_count_(at(items), 0) {
    for (std::int64_t u = 0; u < users_; ++u)
      for (std::int64_t e = rows.offsets[at(u)]; e < rows.offsets[at(u + 1)]; ++e)
        if (rows.item[at(e)] != GroupedRows::kRemoved) {
          ++user_count_[at(u)];
          ++item_count_[at(rows.item[at(e)])];
        }
  }

  /// Items below `min_items`, then users below `min_users`, one pass each.
  void once(std::int64_t min_items, std::int64_t min_users, PrepareReport& report) {
    for (std::int64_t u = 0; u < users_; ++u)
      for (std::int64_t e = rows_.offsets[at(u)]; e < rows_.offsets[at(u + 1)]; ++e) {
        std::int32_t& item = rows_.item[at(e)];
        if (item == GroupedRows::kRemoved || item_count_[at(item)] >= min_items) continue;
        item = GroupedRows::kRemoved;
        --user_count_[at(u)];
        ++report.rare_items;
      }
    for (std::int64_t u = 0; u < users_; ++u)
      if (user_count_[at(u)] < min_users) report.rare_users += remove_user(u, 0, nullptr);
  }

  void until_stable(std::int64_t min_items, std::int64_t min_users, PrepareReport& report) {
    index_items();
    std::vector<std::int32_t> items;
    std::vector<std::int64_t> users;
    for (std::int64_t i = 0; i + 1 < static_cast<std::int64_t>(item_offsets_.size()); ++i)
      if (item_count_[at(i)] > 0 && item_count_[at(i)] < min_items)
        items.push_back(static_cast<std::int32_t>(i));
    for (std::int64_t u = 0; u < users_; ++u)
      if (user_count_[at(u)] > 0 && user_count_[at(u)] < min_users) users.push_back(u);
    while (!items.empty() || !users.empty()) {
      ++report.rounds;
      for (const std::int32_t item : std::exchange(items, {}))
        report.rare_items += remove_item(item, min_users, users);
      for (const std::int64_t user : std::exchange(users, {}))
        report.rare_users += remove_user(user, min_items, &items);
    }
  }

 private:
  // Where each item's rows are.
  void index_items() {
    item_offsets_.assign(item_count_.size() + 1, 0);
    for (std::size_t i = 0; i < item_count_.size(); ++i)
      item_offsets_[i + 1] = item_offsets_[i] + item_count_[i];
    entries_.resize(at(item_offsets_.back()));
    owners_.resize(entries_.size());
    std::vector<std::int64_t> next(item_offsets_.begin(), item_offsets_.end() - 1);
    for (std::int64_t u = 0; u < users_; ++u)
      for (std::int64_t e = rows_.offsets[at(u)]; e < rows_.offsets[at(u + 1)]; ++e) {
        if (rows_.item[at(e)] == GroupedRows::kRemoved) continue;
        const std::size_t to = at(next[at(rows_.item[at(e)])]++);
        entries_[to] = e;
        owners_[to] = static_cast<std::int32_t>(u);
      }
  }

  std::int64_t remove_item(std::int32_t item, std::int64_t min_users,
                           std::vector<std::int64_t>& newly_rare) {
    std::int64_t removed = 0;
    for (std::int64_t i = item_offsets_[at(item)]; i < item_offsets_[at(item) + 1]; ++i) {
      std::int32_t& entry = rows_.item[at(entries_[at(i)])];
      if (entry == GroupedRows::kRemoved) continue;
      entry = GroupedRows::kRemoved;
      ++removed;
      const std::int32_t user = owners_[at(i)];
      if (user_count_[at(user)]-- == min_users) newly_rare.push_back(user);
    }
    item_count_[at(item)] = 0;
    return removed;
  }

  std::int64_t remove_user(std::int64_t user, std::int64_t min_items,
                           std::vector<std::int32_t>* newly_rare) {
    std::int64_t removed = 0;
    for (std::int64_t e = rows_.offsets[at(user)]; e < rows_.offsets[at(user + 1)]; ++e) {
      const std::int32_t item = std::exchange(rows_.item[at(e)], GroupedRows::kRemoved);
      if (item == GroupedRows::kRemoved) continue;
      ++removed;
      if (item_count_[at(item)]-- == min_items && newly_rare) newly_rare->push_back(item);
    }
    user_count_[at(user)] = 0;
    return removed;
  }

  GroupedRows& rows_;
  std::int64_t users_;
  std::vector<std::int64_t> user_count_, item_count_;
  std::vector<std::int64_t> item_offsets_, entries_;
  std::vector<std::int32_t> owners_;
};

}  // namespace

void remove_rare(std::int32_t items, const PrepareOptions& options, GroupedRows& rows,
                 PrepareReport& report) {
  if (options.min_item_ratings <= 1 && options.min_user_ratings <= 1) return;
  Peeling peeling(items, rows);
  if (options.k_core) {
    peeling.until_stable(options.min_item_ratings, options.min_user_ratings, report);
  } else {
    peeling.once(options.min_item_ratings, options.min_user_ratings, report);
  }
}

}  // namespace bascule
