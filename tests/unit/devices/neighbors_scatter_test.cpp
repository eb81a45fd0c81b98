#include "devices/cpu/neighbors_scatter.h"

#include <vector>

#include <gtest/gtest.h>

namespace bascule::detail {
namespace {

TEST(Scatter, KeepsTheOrderOfTheSourceWhateverTheThreads) {
  constexpr std::int64_t kLines = 500, kDestinations = 7;
  std::vector<std::int64_t> offsets{0};
  std::vector<std::int32_t> to;
  for (std::int64_t line = 0; line < kLines; ++line) {
    for (std::int64_t p = 0; p < line % 5; ++p)
      to.push_back(static_cast<std::int32_t>((3 * line + p) % kDestinations));
    offsets.push_back(static_cast<std::int64_t>(to.size()));
  }
  for (const int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    Scatter scatter(offsets.data(), kLines, to.data(), kDestinations, pool);
    std::vector<std::int64_t> begin(kDestinations + 1, 0);
    for (std::int64_t d = 0; d < kDestinations; ++d) begin[d + 1] = begin[d] + scatter.count(d);
    EXPECT_EQ(begin.back(), std::int64_t(to.size()));
    std::vector<std::int64_t> moved(to.size(), -1), lines(to.size(), -1);
    scatter.run([&](std::int64_t d) { return begin[d]; },
                [&](std::int64_t line, std::int64_t entry, std::int64_t at) {
                  moved[at] = entry;
                  lines[at] = line;
                });
    for (std::int64_t d = 0; d < kDestinations; ++d) {
      for (std::int64_t at = begin[d]; at < begin[d + 1]; ++at) {
        EXPECT_EQ(to[moved[at]], d);
        EXPECT_LE(offsets[lines[at]], moved[at]);
        EXPECT_GT(offsets[lines[at] + 1], moved[at]);
        if (at > begin[d]) {
          EXPECT_LT(moved[at - 1], moved[at]);
        }
      }
    }
  }
}

TEST(Scatter, TakesNothing) {
  ThreadPool pool(2);
  const std::int64_t offset = 0;
  Scatter scatter(&offset, 0, nullptr, 0, pool);
  scatter.run([](std::int64_t) { return 0; },
              [](std::int64_t, std::int64_t, std::int64_t) { FAIL(); });
}

}  // namespace
}  // namespace bascule::detail
