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
  bascule::test::FakeDriver fake;
  std::shared_ptr<Queue> queue = *Queue::open(fake.driver(), 0);
  std::shared_ptr<Arena> arena = std::make_shared<Arena>(queue);
  std::unique_ptr<Staging> staging = *Staging::make(queue);
  std::unique_ptr<KernelLibrary> library = *KernelLibrary::load(queue, fake.images().all, {});
  Session session{queue.get(), arena.get(), staging.get(), library.get()};
};

/// What a list of a row should be; deductions of NaN leave out.
std::vector<Neighbor> sorted(std::span<const float> scores, const std::vector<float>& deductions,
                             std::int32_t k, float least) {
  std::vector<Neighbor> all;
  for (std::int32_t i = 0; i < std::ssize(scores); ++i)
    if (const float score = scores[i] - deductions[i]; score >= least) all.push_back({i, score});
  std::stable_sort(all.begin(), all.end(),
                   [](const Neighbor& a, const Neighbor& b) { return a.score > b.score; });
  all.resize(std::min<std::size_t>(all.size(), static_cast<std::size_t>(k)));
  return all;
}

std::vector<Neighbor> list_of(const NeighborLists& lists, std::int64_t row) {
  std::vector<Neighbor> list;
  bool ended = false;
  for (std::int64_t slot = row * lists.k; slot < (row + 1) * lists.k; ++slot) {
    const auto at = static_cast<std::size_t>(slot);
    ended = ended || lists.ids[at] < 0;
    if (!ended) list.push_back({lists.ids[at], lists.scores[at]});
    if (ended) {
      EXPECT_EQ(std::pair(lists.ids[at], lists.scores[at]), std::pair(-1, 0.0F));
    }
  }
  return list;
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
    std::vector<std::int32_t> marked;
    std::vector<float> amounts;
    std::vector<std::uint8_t> listed(static_cast<std::size_t>(columns), 1);
    for (std::int32_t i = 3; i < columns; i += 5) listed[static_cast<std::size_t>(i)] = 0;
    for (std::int64_t row = 0; row < kRows; ++row) {
      for (std::int32_t i = 0; i < columns; ++i) {
        const auto at = static_cast<std::uint64_t>(row * columns + i);
        // Few different values, so that most are equal to some other; both signs, both zeros.
        float score = static_cast<float>(random.below(at, 41)) - 20.0F;
        if (score == 0 && i % 2 == 1) score = -0.0F;
        if (i % 97 == 5) score = NAN;
        if (i % 1001 == 17) score = i % 2 == 0 ? infinity : -infinity;
        scores[static_cast<std::size_t>(row * stride + i)] = score;
        if (row == 1 || random.uniform(at + (std::uint64_t{1} << 40)) >= .3) continue;
        marked.push_back(i);
        amounts.push_back(static_cast<float>(random.below(at, 7)) - 3.0F);
      }
      begin.push_back(std::ssize(marked));
    }
    const auto on_gpu = *Values<float>::copy(gpu.session, scores);
    ScoredRows plain{on_gpu.data(), kRows, stride, columns};
    ScoredRows without = plain, less = plain;
    without.begin = less.begin = begin;
    without.marked = less.marked = marked;
    less.deductions = amounts;
    ScoredRows some = without;
    some.listed = listed;
    for (const float least : {-infinity, 1.0F}) {
      for (const std::int32_t k : {1, 100, 2500, 100000}) {
        for (ScoredRows* rows : {&plain, &without, &less, &some}) {
          SCOPED_TRACE(::testing::Message()
                       << columns << " columns, k " << k << " from " << least << ", "
                       << rows->marked.size() << " marked, " << rows->deductions.size()
                       << " with deductions, " << rows->listed.size() << " listed or not");
          rows->least = least;
          const auto found = tops.run(*rows, k);
          ASSERT_TRUE(found.ok());
          for (std::int64_t row = 0; row < kRows; ++row) {
            std::vector<float> deductions(static_cast<std::size_t>(columns), 0.0F);
            for (std::int64_t p = begin[row]; p < begin[row + 1] && !rows->begin.empty(); ++p)
              deductions[marked[p]] = rows->deductions.empty() ? NAN : amounts[p];
            for (std::int32_t i = 0; i < columns && !rows->listed.empty(); ++i)
              if (listed[i] == 0) deductions[i] = NAN;
            const std::span<const float> line(scores.data() + row * stride,
                                              static_cast<std::size_t>(columns));
            EXPECT_EQ(list_of(*found, row), sorted(line, deductions, k, least));
          }
          gpu.fake.backwards = !gpu.fake.backwards;
        }
      }
    }
  }
}

}  // namespace
}  // namespace bascule::cuda
