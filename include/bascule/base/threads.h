#pragma once
// The one thread pool of the process.
//
// Work is a number of chunks, fixed by the shape of the data and never by the number of threads;
// threads take chunks from a shared counter. Results that must be combined belong to chunks and are
// combined in chunk order by the caller, so they do not depend on threads or scheduling. A waiting
// thread spins for some microseconds and then sleeps: a core that the system takes away costs its
// share of the work, not a stalled barrier.
#include <cstdint>
#include <functional>

namespace bascule {

class ThreadPool {
 public:
  /// `threads` counts the caller; 0 takes the number of processors available to the process.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int threads() const;

  using Body = std::function<void(std::int64_t chunk, int thread)>;

  /// Calls body(chunk, thread) for every chunk in [0, chunks), thread in [0, threads()); each
  /// thread gets its chunks in ascending order. The caller takes part and returns when all chunks
  /// are done. The first exception thrown by a body is rethrown here once the running chunks have
  /// ended. Calls from inside a body run in place, on the calling thread.
  void run(std::int64_t chunks, const Body& body);
  /// As run(), but each thread begins with a share of its own, the same in every call with so many
  /// chunks, and then helps the others, in no order: what a share touches may still lie in the
  /// thread's cache from the last time.
  void run_in_shares(std::int64_t chunks, const Body& body);

 private:
  void run(std::int64_t chunks, const Body& body, int shares);
  struct State;
  State* state_;
};

/// While it lives, whatever the thread that made it gives to a pool is done by that thread, in
/// ascending order of chunks: for work too small to be shared.
class OnThisThread {
 public:
  OnThisThread();
  ~OnThisThread();
  OnThisThread(const OnThisThread&) = delete;
  OnThisThread& operator=(const OnThisThread&) = delete;

 private:
  bool before_;
};

/// Processors that this process may use.
int available_processors();

/// The pool used when a caller names none. Starts no thread before its first use.
ThreadPool& default_pool();
/// Sets the size of the default pool; only before its first use (later calls have no effect).
void set_default_threads(int threads);

/// Half-open ranges of equal size (the last may be shorter) that cover [0, count).
struct Chunks {
  std::int64_t count = 0;
  std::int64_t size = 1;
  [[nodiscard]] std::int64_t chunks() const { return (count + size - 1) / size; }
  [[nodiscard]] std::int64_t begin(std::int64_t chunk) const { return chunk * size; }
  [[nodiscard]] std::int64_t end(std::int64_t chunk) const {
    return chunk * size + size < count ? chunk * size + size : count;
  }
};

}  // namespace bascule
