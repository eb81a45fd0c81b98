#include "devices/cpu/neighbors_heavy.h"

#include <algorithm>
#include <array>
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

void write_out_heavy(NeighborData& data, ThreadPool& pool) {
  data.heavy_values.assign(data.heavy_features.size() * data.right.size(), 0.0F);
  data.heavy_begin.assign(1, 0);
  for (const std::int32_t f : data.heavy_features)
    data.heavy_begin.push_back(data.heavy_begin.back() + list_length(data, f));
  data.heavy_part.resize(static_cast<std::size_t>(data.heavy_begin.back()));
  data.heavy_rank.resize(data.heavy_part.size());
  pool.run(static_cast<std::int64_t>(data.heavy_features.size()), [&](std::int64_t h, int) {
    const std::int32_t f = data.heavy_features[h];
    float* column = data.heavy_values.data() + static_cast<std::size_t>(h) * data.right.size();
    std::vector<std::pair<float, std::int32_t>> parts;
    for (std::int64_t slot = data.list_begin[f]; slot < data.list_begin[f + 1]; ++slot) {
      column[data.list_rank[slot]] = data.binary ? 1.0F : data.list_value[slot];
      parts.emplace_back(-part(data, slot), data.list_rank[slot]);
    }
    std::sort(parts.begin(), parts.end());
    std::int64_t at = data.heavy_begin[h];
    for (const auto& [negated, rank] : parts) {
      data.heavy_part[at] = -negated;
      data.heavy_rank[at++] = rank;
    }
  });
}

void walk_heavy(const NeighborData& data, const HeavyLine& line, float left, std::int32_t exclude,
                TopKeys& top) {
  std::array<std::int64_t, kMostHeavy> walks{};
  for (std::int32_t w = 0; w < line.count; ++w) walks[w] = data.heavy_begin[line.numbers[w]];
  for (bool more = line.count > 0; more;) {
    more = false;
    float bound = 0;  // of what is deeper than here in every list
    for (std::int32_t w = 0; w < line.count; ++w) {
      std::int64_t& at = walks[w];
      if (at == data.heavy_begin[line.numbers[w] + 1]) continue;
      more = true;
      bound += line.values[w] * left * data.heavy_part[at];
      const std::int32_t j = data.heavy_rank[at++];
      if (j == exclude) continue;
      float dot = 0;
      for (std::int32_t h = 0; h < line.count; ++h) dot += line.values[h] * line.columns[h][j];
      const float score = dot * (left * data.right[j]);
      if (score < top.threshold) continue;
      const std::int32_t id = data.id_of[j];
      const bool known = std::any_of(top.keys.begin(), top.keys.begin() + top.count,
                                     [&](std::uint64_t key) { return key_id(key) == id; });
      if (known) continue;
      top.insert(make_key(score, id));
    }
    if (bound < top.threshold * kSlack) return;
  }
}

}  // namespace bascule::detail
