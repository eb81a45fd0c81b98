#pragma once
// The kinds of split differ only in the plan: where each interaction goes, and whose rows are held
// out. Cutting the matrices by the plan is common to all.
#include <cstdint>
#include <span>
#include <vector>

#include <bascule/base/random.h>
#include <bascule/base/status.h>
#include <bascule/data/split.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

enum class Part : std::uint8_t { kIn, kValidTarget, kTestTarget, kDropped };

struct SplitPlan {
  std::vector<Part> part;                                          ///< of every stored interaction
  std::vector<std::int32_t> train_users, valid_users, test_users;  ///< ascending
};

/// Independent uses of the seed.
enum class SplitStream : std::uint64_t { kUsers = 1, kRows = 2, kTimes = 3 };

inline Philox split_random(std::uint64_t seed, SplitStream stream) {
  constexpr std::uint64_t kTag = 0x73706c6974ULL << 8;  // "split"
  return Philox(seed, kTag | static_cast<std::uint64_t>(stream));
}

/// Fills `positions` with the stored positions of row `user` that are not dropped, in random order.
/// The draws are addressed by those positions, so no two users share any.
void shuffle_row(const CompressedView& matrix, std::int64_t user, const std::vector<Part>& part,
                 const Philox& random, std::vector<std::int64_t>& positions);

Result<SplitPlan> plan_strong(const CompressedView& matrix, const SplitOptions& options);
Result<SplitPlan> plan_per_user(const CompressedView& matrix, std::span<const std::int64_t> time,
                                const SplitOptions& options);
Result<SplitPlan> plan_by_time(const CompressedView& matrix, std::span<const std::int64_t> time,
                               const SplitOptions& options);

/// Marks the items that occur in rows `users` in the part kIn.
std::vector<char> items_in(const CompressedView& matrix, std::span<const std::int32_t> users,
                           const std::vector<Part>& part);

}  // namespace bascule
