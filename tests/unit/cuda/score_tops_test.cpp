// The best of rows of scores over the emulated driver, against sorting.
#include "devices/cuda/score_tops.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <bascule/base/random.h>

#include "cuda/fake_driver.h"

namespace bascule::cuda {
namespace {

struct Gpu {
  bascule::testing::FakeDriver fake;
  std::shared_ptr<Queue> queue = *Queue::open(fake.driver(), 0);
  std::shared_ptr<Arena> arena = std::make_shared<Arena>(queue);
  std::unique_ptr<Staging> staging = *Staging::make(queue);
  std::unique_ptr<KernelLibrary> library = *KernelLibrary::load(queue, fake.images().all, {});
  Session session{queue.get(), arena.get(), staging.get(), library.get()};
};

std::vector<Neighbor> sorted(std::span<const float> scores, std::span<const std::int32_t> excluded,
                             std::int32_t k, float least) {
  std::vector<Neighbor> all;
  for (std::int32_t i = 0; i < std::ssize(scores); ++i) {
    if (scores[i] >= least && !std::binary_search(excluded.begin(), excluded.end(), i))
      all.push_back({i, scores[i]});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Neighbor& a, const Neighbor& b) { return a.score > b.score; });
  all.resize(std::min<std::size_t>(all.size(), static_cast<std::size_t>(k)));
  return all;
}

TEST(ScoreTops, AreThoseOfSorting) {
  Gpu gpu;
  const ScoreTops tops = *ScoreTops::make(gpu.session);
  const Philox random(3);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const std::int32_t columns : {1, 255, 2048, 2049, 70000}) {
    constexpr std::int64_t kRows = 3;
    const std::int64_t stride = columns + 5;
    std::vector<float> scores(static_cast<std::size_t>(kRows * stride), NAN);
    std::vector<std::int64_t> begin = {0};
    std::vector<std::int32_t> excluded;
    for (std::int64_t row = 0; row < kRows; ++row) {
      for (std::int32_t i = 0; i < columns; ++i) {
        const auto at = static_cast<std::uint64_t>(row * columns + i);
        // Few different values, so that most are equal to some other; both signs, both zeros.
        float score = static_cast<float>(random.below(at, 41)) - 20.0F;
        if (score == 0 && i % 2 == 1) score = -0.0F;
        if (i % 97 == 5) score = NAN;
        if (i % 1001 == 17) score = i % 2 == 0 ? infinity : -infinity;
        scores[static_cast<std::size_t>(row * stride + i)] = score;
        if (row != 1 && random.uniform(at + (std::uint64_t{1} << 40)) < .3) excluded.push_back(i);
      }
      begin.push_back(std::ssize(excluded));
    }
    const auto on_gpu = *Values<float>::copy(gpu.session, scores);
    for (const float least : {-infinity, 1.0F}) {
      for (const std::int32_t k : {1, 100, 2500, 100000}) {
        SCOPED_TRACE(::testing::Message() << columns << " columns, k " << k << " from " << least);
        const ScoreRows rows{on_gpu.data(), kRows, stride, columns, least};
        const auto found = tops.run(rows, k, begin, excluded);
        const auto all = tops.run(rows, k, {}, {});
        ASSERT_TRUE(found.ok() && all.ok());
        for (std::int64_t row = 0; row < kRows; ++row) {
          const std::span<const float> line(scores.data() + row * stride,
                                            static_cast<std::size_t>(columns));
          const auto seen =
              std::span(excluded).subspan(static_cast<std::size_t>(begin[row]),
                                          static_cast<std::size_t>(begin[row + 1] - begin[row]));
          EXPECT_EQ((*found)[row], sorted(line, seen, k, least));
          EXPECT_EQ((*all)[row], sorted(line, {}, k, least));
        }
        gpu.fake.backwards = !gpu.fake.backwards;
      }
    }
  }
}

}  // namespace
}  // namespace bascule::cuda
