#include "devices/cpu/neighbors_seed.h"

#include <algorithm>
#include <functional>

#include "devices/cpu/neighbors_kernels.h"

namespace bascule::detail {
namespace {

constexpr std::int64_t kPerChunk = 1024;

/// The (k + 1)-th largest part in a feature's list; 0 when it is shorter.
float kth_part(const NeighborData& data, std::int32_t f, std::int32_t k,
               std::vector<float>& parts) {
  const std::int64_t begin = data.list_begin[f], end = data.list_begin[f + 1];
  if (end - begin <= k) return 0;
  if (data.binary) return part(data, begin + k);  // rare points come first and have the largest
  parts.clear();
  for (std::int64_t slot = begin; slot < end; ++slot) parts.push_back(part(data, slot));
  std::nth_element(parts.begin(), parts.begin() + k, parts.end(), std::greater<>());
  return parts[static_cast<std::size_t>(k)];
}

}  // namespace

// Where no value is negative, a score is at least what one common feature adds. So a point i with
// feature f has k neighbours that reach part_i(f) · (the k-th largest part in f's list beside i's).
std::vector<float> seed_thresholds(const NeighborData& data, std::int32_t k, ThreadPool& pool) {
  std::vector<float> seeds(data.left.size(), kSmallest);
  if (data.form != ScoreForm::kScale || !data.nonnegative) return seeds;
  std::vector<float> kth(static_cast<std::size_t>(data.features), 0);
  const Chunks by_feature{data.features, kPerChunk};
  pool.run(by_feature.chunks(), [&](std::int64_t chunk, int) {
    std::vector<float> parts;
    for (std::int64_t f = by_feature.begin(chunk); f < by_feature.end(chunk); ++f)
      kth[f] = kth_part(data, static_cast<std::int32_t>(f), k, parts);
  });
  const Chunks by_point{data.points, kPerChunk};
  pool.run(by_point.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = by_point.begin(chunk); i < by_point.end(chunk); ++i) {
      float best = 0;
      for (std::int64_t p = data.row_begin[i]; p < data.row_begin[i + 1]; ++p) {
        const float value = data.binary ? 1.0F : data.row_value[p];
        best = std::max(best, value * kth[data.row_feature[p]]);
      }
      seeds[i] = std::max(kSmallest, best * data.left[i] * kSlack);
    }
  });
  return seeds;
}

}  // namespace bascule::detail
