#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <sched.h>

#include <bascule/base/threads.h>

namespace bascule {
namespace {

constexpr int kSpins = 2000;  // about 20 µs of pause instructions

thread_local bool inside_pool = false;

/// Waits for a short time until `done`.
template <class Done>
void spin(const Done& done) {
  for (int i = 0; i < kSpins && !done(); ++i) __builtin_ia32_pause();
}

/// The processors that the calling thread may run on; none when the system does not say.
cpu_set_t allowed_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) CPU_ZERO(&set);
  return set;
}

/// Moves the calling thread off the processors `taken`, if it may run elsewhere, and then lets it
/// go where it may go again.
void move_off(const cpu_set_t& taken) {
  const cpu_set_t allowed = allowed_processors();
  cpu_set_t both, free;
  CPU_AND(&both, &allowed, &taken);
  CPU_XOR(&free, &allowed, &both);
  if (CPU_COUNT(&free) == 0) return;
  if (sched_setaffinity(0, sizeof free, &free) == 0) sched_setaffinity(0, sizeof allowed, &allowed);
}

}  // namespace

OnThisThread::OnThisThread() : before_(std::exchange(inside_pool, true)) {}
OnThisThread::~OnThisThread() {
  inside_pool = before_;
}

int available_processors() {
  const cpu_set_t set = allowed_processors();
  if (CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
  const unsigned count = std::thread::hardware_concurrency();
  return count > 0 ? static_cast<int>(count) : 1;
}

struct ThreadPool::State {
  /// A range of chunks and how far it is.
  struct alignas(64) Share {
    std::atomic<std::int64_t> next{0};
    std::int64_t end = 0;
    std::atomic<int> processor{-1};  ///< of the thread with this number, at its last job
  };

  explicit State(int threads) : thread_count(threads), shares(static_cast<std::size_t>(threads)) {}

  void start() {
    workers.reserve(static_cast<std::size_t>(thread_count - 1));
    for (int t = 1; t < thread_count; ++t) workers.emplace_back([this, t] { work(t); });
  }

  void drain(const Body& job, int thread) {
    const bool outer = std::exchange(inside_pool, true);
    for (int other = 0; other < share_count; ++other) {
      Share& share = shares[static_cast<std::size_t>((thread + other) % share_count)];
      for (;;) {
        const std::int64_t chunk = share.next.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= share.end) break;
        try {
          job(chunk, thread);
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
          for (Share& left : shares) left.next.store(left.end, std::memory_order_relaxed);
        }
      }
    }
    inside_pool = outer;
  }

  /// Systems wake a thread where its waker runs, and leave two that wait for each other by turns on
  /// one processor for a long time, although another one is idle.
  void keep_apart(int thread) {
    const int here = sched_getcpu();
    auto& mine = shares[static_cast<std::size_t>(thread)].processor;
    mine.store(here, std::memory_order_relaxed);
    cpu_set_t taken;
    CPU_ZERO(&taken);
    bool crowded = false;
    for (int other = 0; other < thread; ++other) {
      const int there =
          shares[static_cast<std::size_t>(other)].processor.load(std::memory_order_relaxed);
      if (there >= 0) CPU_SET(static_cast<unsigned>(there), &taken);
      crowded = crowded || there == here;
    }
    if (!crowded || here < 0) return;
    move_off(taken);
    mine.store(sched_getcpu(), std::memory_order_relaxed);
  }

  void work(int thread) {
    std::uint64_t seen = 0;
    for (;;) {
      const Body* job = nullptr;
      spin([&] { return generation.load(std::memory_order_acquire) != seen; });
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stop || generation.load(std::memory_order_relaxed) != seen; });
        if (stop) return;
        seen = generation.load(std::memory_order_relaxed);
        if (body == nullptr) continue;  // the job ended before this thread woke
        job = body;
        active.fetch_add(1, std::memory_order_relaxed);
      }
      keep_apart(thread);
      drain(*job, thread);
      const std::lock_guard lock(mutex);
      if (active.fetch_sub(1, std::memory_order_release) == 1) idle.notify_one();
    }
  }

  const int thread_count;
  std::vector<std::thread> workers;
  std::mutex run_mutex;  // one job at a time
  std::mutex mutex;
  std::condition_variable wake, idle;
  std::atomic<std::uint64_t> generation{0};
  std::vector<Share> shares;
  int share_count = 1;  // of the job; 1: all take from one counter
  const Body* body = nullptr;
  std::atomic<int> active{0};
  bool stop = false;
  std::exception_ptr failure;
};

ThreadPool::ThreadPool(int threads)
    : state_(new State(threads > 0 ? threads : available_processors())) {}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    state_->generation.fetch_add(1);
  }
  state_->wake.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
  delete state_;
}

int ThreadPool::threads() const {
  return state_->thread_count;
}

void ThreadPool::run(std::int64_t chunks, const Body& body) {
  run(chunks, body, 1);
}

void ThreadPool::run_in_shares(std::int64_t chunks, const Body& body) {
  run(chunks, body, state_->thread_count);
}

void ThreadPool::run(std::int64_t chunks, const Body& body, int shares) {
  if (chunks <= 0) return;
  if (chunks == 1 || state_->thread_count == 1 || inside_pool) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) body(chunk, 0);
    return;
  }
  State& s = *state_;
  const std::lock_guard one_job(s.run_mutex);
  if (s.workers.empty()) s.start();
  s.shares[0].processor.store(sched_getcpu(), std::memory_order_relaxed);
  {
    const std::lock_guard lock(s.mutex);
    s.body = &body;
    s.failure = nullptr;
    s.share_count = shares;
    for (std::int64_t i = 0; i < shares; ++i) {
      State::Share& share = s.shares[static_cast<std::size_t>(i)];
      share.next.store(chunks * i / shares, std::memory_order_relaxed);
      share.end = chunks * (i + 1) / shares;
    }
    s.generation.fetch_add(1, std::memory_order_release);
  }
  s.wake.notify_all();
  s.drain(body, 0);
  {
    const std::lock_guard lock(s.mutex);
    s.body = nullptr;  // nobody joins any more
  }
  // The others are at their last chunks: to sleep and be woken would take longer than most of them.
  spin([&] { return s.active.load(std::memory_order_acquire) == 0; });
  std::unique_lock lock(s.mutex);
  s.idle.wait(lock, [&] { return s.active.load(std::memory_order_relaxed) == 0; });
  if (s.failure) std::rethrow_exception(std::exchange(s.failure, nullptr));
}

namespace {
std::atomic<int> default_threads{0};
}  // namespace

void set_default_threads(int threads) {
  default_threads.store(threads);
}

ThreadPool& default_pool() {
  static ThreadPool pool(default_threads.load());
  return pool;
}

}  // namespace bascule
