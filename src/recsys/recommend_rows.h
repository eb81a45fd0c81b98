#pragma once
// Many users at once: the loop behind every recommend_all.
#include <algorithm>
#include <memory>
#include <vector>

#include <bascule/recsys/contract.h>

namespace bascule {

/// Lists without entries yet.
inline TopLists empty_lists(std::int64_t users, std::int32_t k) {
  TopLists lists{users, std::max(k, 0), {}, {}};
  const auto slots = static_cast<std::size_t>(users * lists.k);
  lists.items.assign(slots, -1);
  lists.scores.assign(slots, 0.0F);
  return lists;
}

inline void put_list(const std::vector<Recommendation>& list, std::int64_t user, TopLists& lists) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    lists.items[static_cast<std::size_t>(user * lists.k) + i] = list[i].item;
    lists.scores[static_cast<std::size_t>(user * lists.k) + i] = list[i].score;
  }
}

inline std::vector<Recommendation> list_of(const TopLists& lists, std::int64_t user) {
  std::vector<Recommendation> list;
  for (std::int64_t slot = user * lists.k; slot < (user + 1) * lists.k; ++slot) {
    const auto at = static_cast<std::size_t>(slot);
    if (lists.items[at] < 0) break;
    list.push_back({lists.items[at], lists.scores[at]});
  }
  return list;
}

/// Answers so many users in parallel: `into(user, scratch, out)` serves one of them, `make()`
/// builds the working memory of one thread.
template <class Make, class Into>
TopLists recommend_users(std::int64_t users, std::int32_t k, ThreadPool& pool, Make make,
                         Into into) {
  using Scratch = decltype(make());
  constexpr std::int64_t kUsersPerChunk = 32;
  TopLists lists = empty_lists(users, k);
  std::vector<std::unique_ptr<Scratch>> scratches(static_cast<std::size_t>(pool.threads()));
  const Chunks chunks{users, kUsersPerChunk};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int thread) {
    auto& scratch = scratches[static_cast<std::size_t>(thread)];
    if (!scratch) scratch = std::make_unique<Scratch>(make());
    std::vector<Recommendation> out;
    for (std::int64_t user = chunks.begin(chunk); user < chunks.end(chunk); ++user) {
      into(user, *scratch, out);
      put_list(out, user, lists);
    }
  });
  return lists;
}

/// Every row of `histories`: `into(history, scratch, out)` serves one of them.
template <class Make, class Into>
TopLists recommend_rows(const CompressedView& histories, std::int32_t k, ThreadPool& pool,
                        Make make, Into into) {
  return recommend_users(histories.majors, k, pool, make,
                         [&](std::int64_t user, auto& scratch, std::vector<Recommendation>& out) {
                           into(histories.line(user), scratch, out);
                         });
}

}  // namespace bascule
