// Splits that hold back interactions of users who stay in training.
#include <algorithm>
#include <numeric>
#include <tuple>

#include "data/split_plan.h"

namespace bascule {
namespace {

SplitPlan plan_for_all_users(const CompressedView& matrix, const SplitOptions& options) {
  SplitPlan plan;
  plan.part.assign(static_cast<std::size_t>(matrix.nonzeros()), Part::kIn);
  plan.train_users.resize(static_cast<std::size_t>(matrix.majors));
  std::iota(plan.train_users.begin(), plan.train_users.end(), 0);
  plan.test_users = plan.train_users;
  if (options.validation) plan.valid_users = plan.train_users;
  return plan;
}

/// Of positions in order, the last `test` become test targets, the `valid` before them validation.
void cut_tail(std::span<const std::int64_t> positions, std::int64_t valid, std::int64_t test,
              std::vector<Part>& part) {
  for (const std::int64_t p : positions.last(static_cast<std::size_t>(valid + test)))
    part[p] = Part::kValidTarget;
  for (const std::int64_t p : positions.last(static_cast<std::size_t>(test)))
    part[p] = Part::kTestTarget;
}

}  // namespace

Result<SplitPlan> plan_per_user(const CompressedView& matrix, std::span<const std::int64_t> time,
                                const SplitOptions& options) {
  SplitPlan plan = plan_for_all_users(matrix, options);
  const Philox random = split_random(options.seed, SplitStream::kRows);
  const bool one = options.kind == SplitKind::kLeaveOneOut;
  std::vector<std::int64_t> positions;
  for (std::int64_t user = 0; user < matrix.majors; ++user) {
    shuffle_row(matrix, user, plan.part, random, positions);
    if (one && !time.empty()) {
      std::stable_sort(positions.begin(), positions.end(),
                       [&](std::int64_t a, std::int64_t b) { return time[a] < time[b]; });
    }
    const auto count = static_cast<std::int64_t>(positions.size());
    // Something always stays in training: a user with two interactions has one to test on and
    // none to validate on.
    std::int64_t test = count >= 2 ? 1 : 0;
    std::int64_t valid = count >= 3 ? 1 : 0;
    if (!one)
      valid = test = static_cast<std::int64_t>(options.fraction * static_cast<double>(count));
    if (!options.validation) valid = 0;
    cut_tail(positions, valid, test, plan.part);
  }
  return plan;
}

Result<SplitPlan> plan_by_time(const CompressedView& matrix, std::span<const std::int64_t> time,
                               const SplitOptions& options) {
  SplitPlan plan = plan_for_all_users(matrix, options);
  const std::int64_t count = matrix.nonzeros();
  const auto test = static_cast<std::int64_t>(options.fraction * static_cast<double>(count));
  const std::int64_t valid = options.validation ? test : 0;
  std::vector<std::int64_t> positions(static_cast<std::size_t>(count));
  std::iota(positions.begin(), positions.end(), 0);
  const Philox random = split_random(options.seed, SplitStream::kTimes);
  const auto earlier = [&](std::int64_t a, std::int64_t b) {
    if (time[a] != time[b]) return time[a] < time[b];
    const auto address = [](std::int64_t p) { return static_cast<std::uint64_t>(p); };
    return std::tuple(random.bits(address(a)), a) < std::tuple(random.bits(address(b)), b);
  };
  // Only the sides of the two cuts matter, not the order within them.
  const auto first_held = positions.end() - (valid + test);
  const auto first_test = positions.end() - test;
  std::nth_element(positions.begin(), first_held, positions.end(), earlier);
  std::nth_element(first_held, first_test, positions.end(), earlier);
  cut_tail(positions, valid, test, plan.part);
  return plan;
}

}  // namespace bascule
