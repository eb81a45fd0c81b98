#pragma once
// The best k of the candidates of one search.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace bascule::detail {

/// A candidate as one integer: larger is better, first by score (positive), then by lower id.
inline std::uint64_t make_key(float score, std::int32_t id) {
  return (std::uint64_t{__builtin_bit_cast(std::uint32_t, score)} << 32) |
         static_cast<std::uint32_t>(~id);
}
inline float key_score(std::uint64_t key) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(key >> 32));
}
inline std::int32_t key_id(std::uint64_t key) {
  return static_cast<std::int32_t>(~static_cast<std::uint32_t>(key));
}

/// Scores below this are zero.
inline constexpr float kSmallest = 1e-30F;

/// Candidates are put down in no order, without a branch, and cut to the best k when the room is
/// used up (order() in neighbors_kernels.inc).
struct TopKeys {
  /// So few keys are ordered by counting, for each, those that are larger.
  static constexpr std::int32_t kFew = 64;
  /// So many may be added while not full().
  static constexpr std::int32_t kRoom = 16;

  /// `sure` is a score that the k-th best is known to reach, if there are as many.
  void start(std::int32_t most, float sure) {
    k = most;
    count = 0;
    threshold = 0;
    least = 0;
    reach(std::max(sure, kSmallest));
    const std::size_t room = std::max<std::size_t>(kFew, 2 * static_cast<std::size_t>(k) + kRoom);
    if (keys.size() < room) keys.resize(room);
  }
  /// Raises `sure`.
  void reach(float sure) {
    if (sure <= threshold) return;
    threshold = sure;
    least = std::max(least, make_key(sure, -1));  // the lowest key of this score
  }
  void add(float score, std::int32_t id, bool wanted) {
    const std::uint64_t key = make_key(score, id);
    keys[static_cast<std::size_t>(count)] = key;
    count += int(score >= threshold) & int(key >= least) & int(wanted);
  }
  [[nodiscard]] bool full() const { return static_cast<std::size_t>(count) + kRoom > keys.size(); }

  // The rest is for keys in order, best first, of which there are at most k.

  void insert(std::uint64_t key) {
    if (key < least) return;
    const auto end = keys.begin() + (count < k ? count : k - 1);
    const auto place = std::lower_bound(keys.begin(), end, key, std::greater<>());
    std::move_backward(place, end, end + 1);
    *place = key;
    if (count < k) ++count;
    if (count == k) raise();
  }
  /// Takes the k-th key as the least that counts, and drops those after it.
  void raise() {
    count = k;
    least = keys[static_cast<std::size_t>(k) - 1];
    threshold = key_score(least);
  }

  std::vector<std::uint64_t> keys;
  std::int32_t k = 0;
  std::int64_t count = 0;
  float threshold = 0;      ///< scores below it do not enter
  std::uint64_t least = 0;  ///< nor keys below it
};

}  // namespace bascule::detail
