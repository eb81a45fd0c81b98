#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include <bascule/base/threads.h>

namespace bascule {
namespace {

TEST(ThreadPool, RunsEveryChunkOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> seen(37);
      pool.run(37, [&](std::int64_t chunk, int thread) {
        EXPECT_LT(thread, threads);
        ++seen[static_cast<std::size_t>(chunk)];
      });
      for (const auto& count : seen) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, GivesEachThreadItsChunksInAscendingOrder) {
  ThreadPool pool(3);
  for (int round = 0; round < 100; ++round) {
    std::vector<std::vector<std::int64_t>> of(3);
    pool.run(61, [&](std::int64_t chunk, int thread) {
      of[static_cast<std::size_t>(thread)].push_back(chunk);
    });
    for (const auto& chunks : of) EXPECT_TRUE(std::is_sorted(chunks.begin(), chunks.end()));
  }
}

TEST(ThreadPool, SharesCoverEveryChunkOnceAndTheCallerBeginsWithTheFirst) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (const std::int64_t chunks : {1, 2, 3, 37}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(chunks));
      std::atomic<int> by_caller{0};
      pool.run_in_shares(chunks, [&](std::int64_t chunk, int thread) {
        if (thread == 0 && by_caller++ == 0 && chunks >= threads) {
          EXPECT_EQ(chunk, 0);
        }
        ++seen[static_cast<std::size_t>(chunk)];
      });
      for (const auto& count : seen) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, SharesPassExceptionsOn) {
  ThreadPool pool(3);
  EXPECT_THROW(pool.run_in_shares(50,
                                  [](std::int64_t chunk, int) {
                                    if (chunk == 40) throw std::runtime_error("forty");
                                  }),
               std::runtime_error);
  std::atomic<int> count{0};
  pool.run_in_shares(50, [&](std::int64_t, int) { ++count; });
  EXPECT_EQ(count, 50);
}

TEST(ThreadPool, PassesExceptionsOnAndStaysUsable) {
  ThreadPool pool(3);
  EXPECT_THROW(pool.run(50,
                        [](std::int64_t chunk, int) {
                          if (chunk == 7) throw std::runtime_error("seven");
                        }),
               std::runtime_error);
  std::atomic<int> count{0};
  pool.run(50, [&](std::int64_t, int) { ++count; });
  EXPECT_EQ(count, 50);
}

TEST(ThreadPool, NestedCallsRunInPlace) {
  ThreadPool pool(2);
  std::atomic<int> count{0};
  pool.run(4, [&](std::int64_t, int) { pool.run(5, [&](std::int64_t, int) { ++count; }); });
  EXPECT_EQ(count, 20);
}

TEST(ThreadPool, ZeroChunksDoNothing) {
  ThreadPool pool(2);
  pool.run(0, [](std::int64_t, int) { FAIL(); });
}

TEST(Chunks, CoverTheRange) {
  const Chunks chunks{10, 4};
  ASSERT_EQ(chunks.chunks(), 3);
  EXPECT_EQ(chunks.begin(2), 8);
  EXPECT_EQ(chunks.end(2), 10);
}

}  // namespace
}  // namespace bascule
