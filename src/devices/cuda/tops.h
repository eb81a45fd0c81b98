#pragma once
// The best k of many candidates on the GPU: kernels leave a sorted list for each tile of a line,
// which are merged here, so many at a time.
#include <cstdint>
#include <functional>

#include <bascule/devices/neighbors.h>

#include "devices/cuda/session.h"

namespace bascule::cuda {

/// Decodes a candidate (kernels/top.inc).
Neighbor candidate_of(std::uint64_t key);
/// A list up to its first 0.
std::vector<Neighbor> neighbors_of(std::span<const std::uint64_t> keys);

/// Lists without neighbours. kFailed when there is no memory for them.
Result<NeighborLists> empty_lists(std::int64_t points, std::int32_t k);
/// A list up to its first 0, as that of a point.
void put_list(std::span<const std::uint64_t> keys, std::int64_t point, NeighborLists& lists);

class Tops {
 public:
  static Result<Tops> make(const Session& session);

  /// The shape of the lists of a line of so many candidates, of which k are wanted.
  struct Form {
    std::int32_t tiles, width, k;
  };
  static Form form(std::int32_t candidates, std::int32_t k);
  /// Lines at once, so that their lists take little of a GPU's memory.
  static std::int64_t lines_at_once(const Form& form, std::int64_t lines);

  /// Candidates of `lines` lines, k each, best first and filled up with 0. `fill` launches the
  /// kernel that writes lines × tiles × width candidates.
  [[nodiscard]] Result<std::vector<std::uint64_t>> run(
      std::int64_t lines, const Form& form, const std::function<void(std::uint64_t*)>& fill) const;

  /// The clock of the GPU runs from here to the end of the last kernel of the next run().
  void start_clock() const;
  /// What it showed. kFailed when it was never started.
  [[nodiscard]] Result<double> seconds() const;

 private:
  Tops(const Session& session, Launcher<MergeArguments> merge, OwnedEvent start, OwnedEvent stop)
      : session_(session),
        merge_(std::move(merge)),
        start_(std::move(start)),
        stop_(std::move(stop)) {}
  Session session_;
  Launcher<MergeArguments> merge_;
  OwnedEvent start_, stop_;
};

}  // namespace bascule::cuda
