#pragma once
// Batches made ahead of their use, on a thread of their own.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <bascule/base/status.h>

namespace bascule::detail {

/// Knows batches by number only: what they are and where they lie is the maker's matter. Batch n
/// lies in slot n % slots(). A background thread makes one after another into a ring of `depth`
/// slots and sleeps when all are full; the consumer sleeps when all are empty. What comes does not
/// depend on timing.
class Prefetcher {
 public:
  /// Makes the batches [number, number + count). Calls follow one another, and none is under way
  /// between stop() and start(). A thread of its own makes one at a time.
  using Make = std::function<void(std::int64_t number, std::int64_t count)>;

  /// depth 0: no thread, and `at_once` slots: when a batch is asked for that is not there, so many
  /// are made as slots are free.
  Prefetcher(int depth, Make make, int at_once = 1);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  [[nodiscard]] std::size_t slots() const;
  /// Begins with batch `first`, to go on for `count` batches. May be called at any time: batches of
  /// before are dropped, and their slots are no longer held.
  void start(std::int64_t first, std::int64_t count);
  /// The slot of the next batch, or none after the last one and when nothing was started. An
  /// exception of the maker comes back as kFailed, here and until the next start. kUsage when all
  /// slots are held.
  Result<std::optional<std::size_t>> next();
  /// Gives the oldest slot back that is held.
  void give_back();
  /// Ends the work at hand; next() then says that there are no more batches.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bascule::detail
