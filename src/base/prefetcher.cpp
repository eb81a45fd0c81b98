#include "base/prefetcher.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace bascule::detail {

struct Prefetcher::State {
  State(int depth, Make maker, int at_once)
      : make(std::move(maker)),
        slots(depth > 0 ? depth : std::max(at_once, 1)),
        threaded(depth > 0) {}

  const Make make;
  const std::int64_t slots;
  const bool threaded;

  // The job and how far it is, under the mutex. Counts are of batches since start().
  std::mutex mutex;
  std::condition_variable work;  // the producer waits for a free slot, a job or the end
  std::condition_variable done;  // the consumer waits for a batch or for the producer to rest
  std::int64_t first = 0, total = 0;
  std::int64_t made = 0, taken = 0, returned = 0;
  bool making = false;  // the producer is outside the mutex
  bool quit = false;
  std::optional<Error> failure;
  std::thread thread;

  [[nodiscard]] std::size_t slot(std::int64_t number) const {
    return static_cast<std::size_t>(number % slots);
  }
  Status make_caught(std::int64_t number, std::int64_t count);
  /// Notes how the next so many batches turned out; under the mutex.
  void finish(Status status, std::int64_t count);
  void produce();
  /// Forgets the job once the producer rests; the lock is of `mutex`.
  void drop_job(std::unique_lock<std::mutex>& lock);
};

Status Prefetcher::State::make_caught(std::int64_t number, std::int64_t count) {
  try {
    make(number, count);
    return {};
  } catch (const std::exception& exception) {
    return {Code::kFailed, fmt::format("making a batch failed: {}", exception.what())};
  } catch (...) {
    return {Code::kFailed, "making a batch failed"};
  }
}

void Prefetcher::State::finish(Status status, std::int64_t count) {
  if (status.ok()) {
    made += count;
  } else {
    failure = std::move(status).take_error();
  }
}

void Prefetcher::State::produce() {
  std::unique_lock lock(mutex);
  for (;;) {
    work.wait(lock, [&] { return quit || (!failure && made < total && made - returned < slots); });
    if (quit) return;
    making = true;
    const std::int64_t number = first + made;
    lock.unlock();
    Status status = make_caught(number, 1);
    lock.lock();
    making = false;
    finish(std::move(status), 1);
    done.notify_one();
  }
}

void Prefetcher::State::drop_job(std::unique_lock<std::mutex>& lock) {
  total = 0;  // nothing more is begun
  done.wait(lock, [&] { return !making; });
  made = taken = returned = 0;
  failure.reset();
}

Prefetcher::Prefetcher(int depth, Make make, int at_once)
    : state_(std::make_unique<State>(depth, std::move(make), at_once)) {}

Prefetcher::~Prefetcher() {
  if (!state_->thread.joinable()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->quit = true;
  }
  state_->work.notify_one();
  state_->thread.join();
}

std::size_t Prefetcher::slots() const {
  return static_cast<std::size_t>(state_->slots);
}

void Prefetcher::start(std::int64_t first, std::int64_t count) {
  State& s = *state_;
  {
    std::unique_lock lock(s.mutex);
    s.drop_job(lock);
    s.first = first;
    s.total = count;
  }
  if (!s.threaded) return;
  if (!s.thread.joinable()) s.thread = std::thread([&s] { s.produce(); });
  s.work.notify_one();
}

Result<std::optional<std::size_t>> Prefetcher::next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  if (s.taken - s.returned == s.slots)
    return Error{Code::kUsage, "every buffer is held: give a batch back before the next"};
  if (!s.threaded && !s.failure && s.taken == s.made) {
    const std::int64_t count = std::min(s.total - s.made, s.slots - (s.made - s.returned));
    if (count > 0) s.finish(s.make_caught(s.first + s.made, count), count);
  }
  s.done.wait(lock, [&] { return s.taken < s.made || s.failure || s.taken == s.total; });
  if (s.taken < s.made) return std::optional(s.slot(s.first + s.taken++));
  if (s.failure) return *s.failure;
  return std::optional<std::size_t>();
}

void Prefetcher::give_back() {
  State& s = *state_;
  {
    const std::lock_guard lock(s.mutex);
    if (s.returned == s.taken) return;
    ++s.returned;
  }
  s.work.notify_one();
}

void Prefetcher::stop() {
  std::unique_lock lock(state_->mutex);
  state_->drop_job(lock);
}

}  // namespace bascule::detail
