#include <algorithm>

#include <fmt/format.h>

#include <bascule/base/cpu_info.h>
#include <bascule/devices/device.h>
#include <bascule/recsys/contract.h>

#include "recsys/recommend_rows.h"

namespace bascule {

bool ItemFilter::passes(std::int32_t item) const {
  if (allow && !std::binary_search(allow->begin(), allow->end(), item)) return false;
  return !std::binary_search(deny.begin(), deny.end(), item);
}

Status Recommender::use_device(std::shared_ptr<Device> device) {
  return {Code::kUsage,
          fmt::format("{} computes on the cpu only; it has no kernels for {} in this version",
                      type(), device->target().device)};
}

TopLists Recommender::recommend_all(const CompressedView& histories,
                                    const RecommendOptions& options, ThreadPool& pool) const {
  struct NoScratch {};
  return recommend_rows(
      histories, options.k, pool, [] { return NoScratch{}; },
      [&](SparseLine history, NoScratch&, std::vector<Recommendation>& out) {
        out = recommend(history, options);
      });
}

Result<std::vector<Recommendation>> Recommender::similar_items(std::int32_t,
                                                               const SimilarOptions&) const {
  return Error{Code::kUsage,
               fmt::format("a model of type {} does not know which items are alike", type())};
}

Status Recommender::check_item(std::int32_t item) const {
  if (item >= 0 && item < items()) return {};
  return {Code::kUsage, fmt::format("item index {} is not in the model", item)};
}

Status check_fit_memory(const Recommender& model, const CompressedView& interactions) {
  const std::int64_t bytes = model.fit_bytes(interactions);
  const std::int64_t available = cpu_info().memory_available;
  if (bytes <= available) return {};
  return {
      Code::kFailed,
      fmt::format("{} on {} items takes {:.1f} GB of memory, {:.1f} GB are available; keep fewer "
                  "items (data.min_item_ratings) or {}",
                  model.type(), interactions.minors, static_cast<double>(bytes) * 1e-9,
                  static_cast<double>(available) * 1e-9, model.instead(interactions))};
}

}  // namespace bascule
