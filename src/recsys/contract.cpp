#include <algorithm>

#include <fmt/format.h>

#include <bascule/base/cpu_info.h>
#include <bascule/devices/device.h>
#include <bascule/devices/own_memory.h>
#include <bascule/recsys/contract.h>

#include "recsys/recommend_rows.h"

namespace bascule {

bool ItemFilter::passes(std::int32_t item) const {
  if (allow && !std::binary_search(allow->begin(), allow->end(), item)) return false;
  return !std::binary_search(deny.begin(), deny.end(), item);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): models that have a way keep it
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

namespace {

Error too_much(const Recommender& model, const CompressedView& interactions, std::int64_t wanted,
               std::int64_t free, const std::string& whose) {
  return {Code::kFailed,
          fmt::format("{} on {} items takes {:.1f} GB of memory{}, {:.1f} GB are available; keep "
                      "fewer items (data.min_item_ratings) or {}",
                      model.type(), interactions.minors, static_cast<double>(wanted) * 1e-9, whose,
                      static_cast<double>(free) * 1e-9, model.instead(interactions))};
}

}  // namespace

Result<FitMemory> check_fit_memory(const Recommender& model, const CompressedView& interactions,
                                   Device* device) {
  FitMemory memory;
  memory.host = model.fit_bytes(interactions);
  if (const std::int64_t available = cpu_info().memory_available; memory.host > available)
    return too_much(model, interactions, memory.host, available, "");
  if (device == nullptr) return memory;
  BASCULE_ASSIGN(memory.device, model.device_fit_bytes(interactions));
  auto* own = dynamic_cast<HasOwnMemory*>(device);
  if (own == nullptr || memory.device == 0) return memory;
  BASCULE_ASSIGN(const std::int64_t free, own->free_memory());
  if (memory.device > free)
    return too_much(model, interactions, memory.device, free, " on " + device->target().device);
  return memory;
}

}  // namespace bascule
