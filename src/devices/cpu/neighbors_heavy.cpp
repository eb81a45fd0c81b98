#include "devices/cpu/neighbors_heavy.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "devices/cpu/neighbors_kernels.h"

namespace bascule::detail {
namespace {

/// A heavy list has at least one point in kShare, so that adding it to whole blocks is no more work
/// than going through it, and at least kShortest.
constexpr std::int64_t kShare = 40;
constexpr std::int64_t kShortest = 64;

std::int64_t list_length(const NeighborData& data, std::int32_t f) {
  return data.list_begin[f + 1] - data.list_begin[f];
}

}  // namespace

void choose_heavy(NeighborData& data) {
  data.heavy_of.assign(static_cast<std::size_t>(data.features), -1);
  if (data.form != ScoreForm::kScale || !data.nonnegative) return;
  const std::int64_t least = std::max<std::int64_t>(kShortest, data.points / kShare);
  std::vector<std::int32_t> heavy;
  for (std::int32_t f = 0; f < data.features; ++f) {
    if (list_length(data, f) >= least) heavy.push_back(f);
  }
  std::stable_sort(heavy.begin(), heavy.end(), [&](std::int32_t a, std::int32_t b) {
    return list_length(data, a) > list_length(data, b);
  });
  // Where many features are long, none of them dominates and a few less change nothing.
  if (heavy.size() > kMostHeavy) heavy.resize(kMostHeavy);
  std::sort(heavy.begin(), heavy.end());
  for (std::size_t h = 0; h < heavy.size(); ++h)
    data.heavy_of[heavy[h]] = static_cast<std::int32_t>(h);
  data.heavy_features = std::move(heavy);
}

void write_out_heavy(NeighborData& data) {
  data.heavy_values.assign(data.heavy_features.size() * data.right.size(), 0.0F);
  data.heavy_begin.assign(1, 0);
  for (const std::int32_t f : data.heavy_features) {
    float* column =
        data.heavy_values.data() + static_cast<std::size_t>(data.heavy_of[f]) * data.right.size();
    std::vector<std::pair<float, std::int32_t>> parts;
    for (std::int64_t slot = data.list_begin[f]; slot < data.list_begin[f + 1]; ++slot) {
      column[data.list_rank[slot]] = data.binary ? 1.0F : data.list_value[slot];
      parts.emplace_back(-part(data, slot), data.list_rank[slot]);
    }
    std::sort(parts.begin(), parts.end());
    for (const auto& [negated, rank] : parts) {
      data.heavy_part.push_back(-negated);
      data.heavy_rank.push_back(rank);
    }
    data.heavy_begin.push_back(static_cast<std::int64_t>(data.heavy_rank.size()));
  }
}

void walk_heavy(const NeighborData& data, std::int32_t rank, float threshold,
                std::span<std::uint64_t> keys) {
  struct Walk {
    std::int64_t at, end;
    const float* column;
    float value, own_part;
  };
  std::array<Walk, kMostHeavy> walks{};
  std::size_t count = 0;
  for (std::int64_t p = data.row_light_end[rank]; p < data.row_begin[rank + 1]; ++p) {
    const std::int32_t f = data.row_feature[p];
    const std::int32_t h = data.heavy_of[f];
    const float value = data.binary ? 1.0F : data.row_value[p];
    walks[count++] = {data.heavy_begin[h], data.heavy_begin[h + 1], heavy_column(data, f), value,
                      value * data.left[rank]};
  }
  const auto k = static_cast<std::int32_t>(keys.size());
  for (bool more = count > 0; more;) {
    more = false;
    float bound = 0;  // of what is deeper than here in every list
    for (std::size_t w = 0; w < count; ++w) {
      Walk& walk = walks[w];
      if (walk.at == walk.end) continue;
      more = true;
      bound += walk.own_part * data.heavy_part[walk.at];
      const std::int32_t j = data.heavy_rank[walk.at++];
      if (j == rank) continue;
      float dot = 0;
      for (std::size_t other = 0; other < count; ++other)
        dot += walks[other].value * walks[other].column[j];
      const float score = dot * (data.left[rank] * data.right[j]);
      if (score < std::max(threshold, kSmallest)) continue;
      const std::int32_t id = data.id_of[j];
      const std::uint64_t key = make_key(score, id);
      if (key <= keys[0]) continue;
      const bool known = std::any_of(keys.begin(), keys.end(), [&](std::uint64_t other) {
        return other != 0 && key_id(other) == id;
      });
      if (known) continue;
      replace_worst(keys.data(), k, key);
      threshold = std::max(threshold, key_score(keys[0]));
    }
    if (bound < threshold * kSlack) return;
  }
}

}  // namespace bascule::detail
