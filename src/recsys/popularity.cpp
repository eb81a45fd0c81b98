#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include <bascule/recsys/popularity.h>

namespace bascule {
namespace {

constexpr std::string_view kTensor = "item_users";

}  // namespace

std::vector<std::int64_t> count_item_users(const CompressedView& users_by_items) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(users_by_items.minors), 0);
  for (std::int64_t p = 0; p < users_by_items.nonzeros(); ++p) ++counts[users_by_items.indices[p]];
  return counts;
}

std::vector<std::int32_t> by_popularity(std::span<const std::int64_t> item_users) {
  std::vector<std::int32_t> order(item_users.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return item_users[static_cast<std::size_t>(a)] > item_users[static_cast<std::size_t>(b)];
  });
  return order;
}

void Popularity::rank() {
  ranking_ = by_popularity(item_users_);
  const auto had = std::count_if(item_users_.begin(), item_users_.end(),
                                 [](std::int64_t users) { return users > 0; });
  ranking_.resize(static_cast<std::size_t>(had));
}

Status Popularity::fit(const CsrMatrix& interactions, ThreadPool&, StageTimes& times) {
  const Stopwatch watch;
  item_users_ = count_item_users(interactions.view());
  rank();
  times.emplace_back("count", watch.seconds());
  return {};
}

std::vector<Recommendation> Popularity::recommend(SparseLine history,
                                                  const RecommendOptions& options) const {
  std::vector<Recommendation> best;
  const auto k = static_cast<std::size_t>(std::max(options.k, 0));
  best.reserve(std::min(k, ranking_.size()));
  for (const std::int32_t item : ranking_) {
    if (best.size() == k) break;
    if (!options.filter.passes(item)) continue;
    if (options.exclude_history &&
        std::binary_search(history.indices.begin(), history.indices.end(), item))
      continue;
    best.push_back({item, static_cast<float>(item_users_[item])});
  }
  return best;
}

void Popularity::save(SafetensorsWriter& writer) const {
  writer.add(std::string(kTensor), Shape{items()}, std::span(item_users_));
}

Status Popularity::load(std::shared_ptr<const SafetensorsFile> file) {
  BASCULE_ASSIGN(const auto counts, file->get<std::int64_t>(kTensor));
  if (counts.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    return {Code::kBadData, fmt::format("{}: {} items are too many", file->path(), counts.size())};
  }
  for (std::size_t item = 0; item < counts.size(); ++item) {
    if (counts[item] < 0) {
      return {Code::kBadData, fmt::format("{}: {}[{}] is negative", file->path(), kTensor, item)};
    }
  }
  item_users_.assign(counts.begin(), counts.end());
  rank();
  return {};
}

}  // namespace bascule
