#pragma once
// Batches made ahead of their use, on a thread of their own.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <bascule/base/status.h>

namespace bascule::detail {

/// Knows batches by number only: what they are and where they lie is the maker's matter. A
/// background thread makes one after another into a ring of `depth` slots and sleeps when all are
/// full; the consumer sleeps when all are empty. What comes does not depend on timing.
class Prefetcher {
 public:
  /// Makes batch `number` in `slot`, of [0, slots()). Calls follow one another, and none is under
  /// way between stop() and start().
  using Make = std::function<void(std::int64_t number, std::size_t slot)>;

  /// depth 0: no thread and one slot, a batch is made when it is asked for.
  Prefetcher(int depth, Make make);
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
