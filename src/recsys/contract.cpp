#include <fmt/format.h>

#include <bascule/recsys/contract.h>

#include "recsys/recommend_rows.h"

namespace bascule {

TopLists Recommender::recommend_all(const CompressedView& histories,
                                    const RecommendOptions& options, ThreadPool& pool) const {
  struct NoScratch {};
  return recommend_rows(
      histories, options.k, pool, [] { return NoScratch{}; },
      [&](SparseLine history, NoScratch&, std::vector<Recommendation>& out) {
        out = recommend(history, options);
      });
}

Result<std::vector<Recommendation>> Recommender::similar_items(std::int32_t, std::int32_t,
                                                               bool) const {
  return Error{Code::kUsage,
               fmt::format("a model of type {} does not know which items are alike", type())};
}

}  // namespace bascule
