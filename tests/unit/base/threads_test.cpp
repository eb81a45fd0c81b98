#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>

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
        // A thread that is through with its own share may help itself to that of a late caller.
        while (thread != 0 && by_caller == 0 && chunks >= threads) std::this_thread::yield();
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

// Where the system leaves two threads on one processor, they take turns for as long as they work.
TEST(ThreadPool, AWorkerLeavesTheCallersProcessor) {
  if (available_processors() < 2) GTEST_SKIP() << "one processor";
  ThreadPool pool(2);
  const auto processors = [&] {
    std::atomic<int> of_thread[2] = {-1, -1};
    std::atomic<int> begun{0};
    pool.run(2, [&](std::int64_t, int thread) {
      of_thread[thread] = sched_getcpu();
      ++begun;
      while (begun < 2) std::this_thread::yield();  // one chunk to each
    });
    return std::pair<int, int>(of_thread[0], of_thread[1]);
  };
  int apart = 0;
  for (int round = 0; round < 50; ++round) {
    const int caller = sched_getcpu();
    std::atomic<int> begun{0};
    pool.run(2, [&](std::int64_t, int thread) {
      ++begun;
      while (begun < 2) std::this_thread::yield();
      if (thread == 0) return;
      cpu_set_t before, one;
      sched_getaffinity(0, sizeof before, &before);
      CPU_ZERO(&one);
      CPU_SET(static_cast<unsigned>(caller), &one);
      sched_setaffinity(0, sizeof one, &one);
      sched_setaffinity(0, sizeof before, &before);
    });
    const auto [first, second] = processors();
    apart += first != second ? 1 : 0;
  }
  EXPECT_GE(apart, 40);
}

TEST(ThreadPool, WorkStaysOnAThreadThatWantsItSo) {
  ThreadPool pool(3);
  const auto caller = std::this_thread::get_id();
  std::vector<std::int64_t> order;
  {
    const OnThisThread scope;
    pool.run_in_shares(100, [&](std::int64_t chunk, int thread) {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      EXPECT_EQ(thread, 0);
      order.push_back(chunk);
    });
  }
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  // After it the others take part again: each chunk waits for a second one that is begun.
  std::atomic<int> begun{0};
  pool.run(2, [&](std::int64_t, int) {
    ++begun;
    while (begun < 2) std::this_thread::yield();
  });
  EXPECT_EQ(begun, 2);
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
