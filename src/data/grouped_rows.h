#pragma once
// The rows of Interactions by user: what the steps of prepare() work on.
#include <cstdint>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/interactions.h>
#include <bascule/data/prepare.h>

namespace bascule {

/// Rows at or above the threshold, each user's together and in the order of the file. A row that a
/// step removes keeps its place and gets item kRemoved.
struct GroupedRows {
  static constexpr std::int32_t kRemoved = -1;

  std::vector<std::int64_t> offsets;  ///< of users, and the end
  std::vector<std::int32_t> item;
  std::vector<float> value;
  std::vector<std::int64_t> time;  ///< empty when there are none
};

GroupedRows group_by_user(const Interactions& interactions, float min_rating);

/// Leaves one row of every (user, item) pair; returns how many went. kBadData for
/// Duplicates::kError.
Result<std::int64_t> remove_duplicates(const Interactions& interactions,
                                       const PrepareOptions& options, ThreadPool& pool,
                                       GroupedRows& rows);

/// Removes the rows of items, then of users, with too few; once, or until nothing changes. Counts
/// go to the report. `items` is the number of items.
void remove_rare(std::int32_t items, const PrepareOptions& options, GroupedRows& rows,
                 PrepareReport& report);

}  // namespace bascule
