#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/devices/device.h>
#include <bascule/devices/device_activity.h>
#include <bascule/recsys/contract.h>

namespace bascule::test {

/// Lists searched on the device are those of the cpu, whatever they may have, by scores within
/// rounding; and little but the lists comes back.
inline void expect_same_lists(const Recommender& on_gpu, const Recommender& on_cpu,
                              const CompressedView& histories, const Device& device) {
  const auto& gpu = dynamic_cast<const CountsActivity&>(device);
  std::vector<std::int32_t> allowed, denied;
  for (std::int32_t i = 0; i < on_cpu.items(); ++i) {
    if (i % 3 != 0) allowed.push_back(i);
    if (i % 4 == 1) denied.push_back(i);
  }
  for (const RecommendOptions& options :
       {RecommendOptions{10, true}, RecommendOptions{10, false}, RecommendOptions{200, true},
        RecommendOptions{0, true}, RecommendOptions{7, true, {allowed, denied}},
        RecommendOptions{7, false, {{}, denied}}}) {
    SCOPED_TRACE(::testing::Message() << options.k << ' ' << options.exclude_history << ' '
                                      << options.filter.passes_all());
    const std::int64_t before = gpu.activity().to_host;
    const TopLists found = on_gpu.recommend_all(histories, options, default_pool());
    EXPECT_LE(gpu.activity().to_host - before,
              8 * histories.majors * std::min<std::int64_t>(options.k, on_cpu.items()));
    const TopLists expected = on_cpu.recommend_all(histories, options, default_pool());
    ASSERT_EQ(found.items.size(), expected.items.size());
    int others = 0;
    for (std::size_t i = 0; i < found.items.size(); ++i) {
      EXPECT_EQ(found.items[i] < 0, expected.items[i] < 0) << i;
      EXPECT_NEAR(found.scores[i], expected.scores[i], 1e-4) << i;
      others += found.items[i] != expected.items[i] ? 1 : 0;
    }
    EXPECT_LE(others, std::ssize(found.items) / 50);  // those of nearly the same score
    const auto list = on_gpu.recommend(histories.line(1), options);
    for (std::size_t i = 0; i < list.size(); ++i)
      EXPECT_NEAR(list[i].score, expected.scores[static_cast<std::size_t>(options.k) + i], 1e-4);
  }
  EXPECT_TRUE(on_gpu.recommend({}, {5, true}).empty());
  EXPECT_TRUE(on_gpu.device_status().ok());
}

}  // namespace bascule::test
