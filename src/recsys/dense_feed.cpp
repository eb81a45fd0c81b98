#include "recsys/dense_feed.h"

#include <algorithm>
#include <utility>

#include <bascule/base/timer.h>

namespace bascule::detail {

std::int64_t DenseFeed::bytes(std::int64_t users, std::int64_t items) {
  return 2 * users * items * static_cast<std::int64_t>(sizeof(float));
}

Status DenseFeed::set(UserBatch& batch, ThreadPool& pool) {
  const Stopwatch watch;
  const std::size_t elements = batch.users.size() * static_cast<std::size_t>(items_);
  if (input_.size() < elements) {
    BASCULE_ASSIGN(input_, Buffer<float>::make(elements));
    BASCULE_ASSIGN(targets_, Buffer<float>::make(elements));
  }
  const std::pair<CsrArgument, float*> parts[] = {{batch.input.argument(), input_.data()},
                                                  {batch.targets.argument(), targets_.data()}};
  pool.run(std::ssize(batch.users), [&](std::int64_t user, int) {
    for (const auto& [rows, matrix] : parts) {
      float* const row = matrix + user * items_;
      std::fill_n(row, items_, 0.0F);
      for (std::int64_t i = rows.offsets[user]; i < rows.offsets[user + 1]; ++i)
        row[rows.indices[i]] = rows.values[i];
    }
  });
  seconds_ += watch.seconds();
  return {};
}

}  // namespace bascule::detail
