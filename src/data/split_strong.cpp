#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "data/split_plan.h"

namespace bascule {
namespace {

/// Cuts the rows of held-out users into fold-in and targets.
void draw_targets(const CompressedView& matrix, std::span<const std::int32_t> users, Part target,
                  const std::vector<char>& seen, const SplitOptions& options,
                  std::vector<Part>& part) {
  const Philox random = split_random(options.seed, SplitStream::kRows);
  std::vector<std::int64_t> positions;
  for (const std::int32_t user : users) {
    for (std::int64_t p = matrix.offsets[user]; p < matrix.offsets[user + 1]; ++p) {
      if (seen[matrix.indices[p]] == 0) part[p] = Part::kDropped;
    }
    shuffle_row(matrix, user, part, random, positions);
    const auto count = static_cast<std::int64_t>(positions.size());
    if (count < options.min_interactions) continue;
    const auto targets = static_cast<std::int64_t>(options.fraction * static_cast<double>(count));
    for (std::int64_t i = 0; i < targets; ++i) part[positions[i]] = target;
  }
}

}  // namespace

Result<SplitPlan> plan_strong(const CompressedView& matrix, const SplitOptions& options) {
  const std::int64_t users = matrix.majors;
  const std::int64_t heldout = options.heldout.value_or(auto_heldout(users));
  const std::int64_t parts = options.validation ? 2 : 1;
  if (heldout < 1 || heldout > (users - 1) / parts) {
    return Error{Code::kUsage,
                 fmt::format("split: cannot hold out {} × {} of {} users and keep some to train on",
                             parts, heldout, users)};
  }
  std::vector<std::int32_t> order(static_cast<std::size_t>(users));
  std::iota(order.begin(), order.end(), 0);
  split_random(options.seed, SplitStream::kUsers).shuffle(std::span(order));

  const auto test = order.end() - heldout;
  const auto valid = options.validation ? test - heldout : test;
  SplitPlan plan;
  plan.part.assign(static_cast<std::size_t>(matrix.nonzeros()), Part::kIn);
  plan.train_users.assign(order.begin(), valid);
  plan.valid_users.assign(valid, test);
  plan.test_users.assign(test, order.end());
  for (auto* group : {&plan.train_users, &plan.valid_users, &plan.test_users})
    std::sort(group->begin(), group->end());

  const std::vector<char> seen = items_in(matrix, plan.train_users, plan.part);
  draw_targets(matrix, plan.valid_users, Part::kValidTarget, seen, options, plan.part);
  draw_targets(matrix, plan.test_users, Part::kTestTarget, seen, options, plan.part);
  return plan;
}

}  // namespace bascule
