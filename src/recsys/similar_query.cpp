#include <functional>
#include <span>

#include <fmt/format.h>

#include <bascule/devices/device.h>
#include <bascule/devices/query_clock.h>
#include <bascule/recsys/similar_query.h>

#include "base/median.h"

namespace bascule {
namespace {

using Found = Result<std::vector<Neighbor>>;

/// Of the queries after the first one.
constexpr std::size_t kRepeats = 51;

/// `clock` is that of the device; null of the CPU.
Found timed(const std::function<Found()>& query, const ClocksQueries* clock, StageTimes& times) {
  Stopwatch watch;
  Found found = query();
  times.emplace_back("first_query", watch.seconds());
  std::vector<double> seconds, on_device;
  for (std::size_t i = 0; found.ok() && i < kRepeats; ++i) {
    watch.restart();
    found = query();
    seconds.push_back(watch.seconds());
    if (clock == nullptr || !found.ok()) continue;
    BASCULE_ASSIGN(const double shown, clock->device_seconds());
    on_device.push_back(shown);
  }
  if (!found.ok()) return found;
  times.emplace_back("steady_query", median(std::move(seconds)));
  if (clock != nullptr) times.emplace_back("device_query", median(std::move(on_device)));
  return found;
}

Found by_index(const CompressedView& interactions, std::int32_t item, const KnnOptions& knn,
               std::int32_t k, bool include_self, Device* device, StageTimes& times) {
  Stopwatch watch;
  BASCULE_ASSIGN(const NeighborIndex index, ItemKnn::build_index(interactions, knn));
  if (device == nullptr) {
    NeighborScratch scratch(index);
    times.emplace_back("index", watch.seconds());
    return timed([&]() -> Found { return query(index, item, k, include_self, scratch); }, nullptr,
                 times);
  }
  times.emplace_back("index", watch.restart());
  BASCULE_ASSIGN(const std::unique_ptr<NeighborSearch> search, device->place(index));
  times.emplace_back("transfer", watch.seconds());
  return timed([&] { return search->query(item, k, include_self); },
               dynamic_cast<const ClocksQueries*>(search.get()), times);
}

Found by_dense(const CompressedView& interactions, std::int32_t item, const KnnOptions& knn,
               std::int32_t k, bool include_self, Device* device, StageTimes& times) {
  if (knn.similarity.similarity != Similarity::kCosine || knn.similarity.shrinkage != 0 ||
      knn.similarity.alpha != 0.5F || knn.weighting.weighting != Weighting::kRaw)
    return Error{Code::kUsage, "the dense way knows only the plain cosine of raw ratings"};
  Stopwatch watch;
  BASCULE_ASSIGN(const DenseMatrix dense, dense_matrix(interactions, PointAxis::kMinors));
  times.emplace_back("dense_matrix", watch.restart());
  const auto width = static_cast<std::size_t>(dense.features);
  const std::span<const float> row =
      dense.values.span().subspan(static_cast<std::size_t>(item) * width, width);
  const std::int32_t exclude = include_self ? kExcludeNone : item;
  if (device == nullptr)
    return timed([&]() -> Found { return dense_query(dense, row, k, exclude); }, nullptr, times);
  BASCULE_ASSIGN(const std::unique_ptr<DenseSearch> search, device->place(dense));
  times.emplace_back("transfer", watch.seconds());
  return timed(
      [&]() -> Found {
        BASCULE_ASSIGN(auto lists, search->query(row, k, std::span(&exclude, 1)));
        return std::move(lists.front());
      },
      dynamic_cast<const ClocksQueries*>(search.get()), times);
}

}  // namespace

Result<std::vector<Recommendation>> query_similar(const CompressedView& interactions,
                                                  std::int32_t item, const KnnOptions& knn,
                                                  QueryMethod method, const SimilarOptions& options,
                                                  Device* device, StageTimes& times) {
  if (item < 0 || item >= interactions.minors)
    return Error{Code::kUsage, fmt::format("item index {} is not in the data", item)};
  // All, where some of them may not be listed.
  const std::int32_t k =
      options.filter.passes_all() ? options.k : static_cast<std::int32_t>(interactions.minors);
  const auto find = method == QueryMethod::kSparse ? by_index : by_dense;
  BASCULE_ASSIGN(const std::vector<Neighbor> found,
                 find(interactions, item, knn, k, options.include_self, device, times));
  std::vector<Recommendation> list;
  for (const Neighbor& n : found) {
    if (std::ssize(list) == options.k) break;
    if (options.filter.passes(n.id)) list.push_back({n.id, n.score});
  }
  return list;
}

}  // namespace bascule
