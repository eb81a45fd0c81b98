#include <algorithm>
#include <string>

#include <fmt/format.h>

#include <bascule/recsys/contract.h>

namespace bascule {

TopLists Recommender::recommend_all(const CompressedView& histories,
                                    const RecommendOptions& options, ThreadPool& pool) const {
  TopLists lists;
  lists.users = histories.majors;
  lists.k = std::max(options.k, 0);
  const auto slots = static_cast<std::size_t>(lists.users) * static_cast<std::size_t>(lists.k);
  lists.items.assign(slots, -1);
  lists.scores.assign(slots, 0);
  const Chunks chunks{lists.users, 16};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t user = chunks.begin(chunk); user < chunks.end(chunk); ++user) {
      std::int64_t slot = user * lists.k;
      for (const Recommendation& best : recommend(histories.line(user), options)) {
        lists.items[slot] = best.item;
        lists.scores[slot++] = best.score;
      }
    }
  });
  return lists;
}

Result<std::vector<Recommendation>> Recommender::similar_items(std::int32_t, std::int32_t,
                                                               bool) const {
  return Error{Code::kUsage,
               fmt::format("a model of type {} does not know which items are alike", type())};
}

}  // namespace bascule
