#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <bascule/data/split.h>

#include "data/split_plan.h"

namespace bascule {
namespace {

constexpr std::array<std::pair<std::string_view, SplitKind>, 4> kKinds = {{
    {"strong", SplitKind::kStrong},
    {"leave-one-out", SplitKind::kLeaveOneOut},
    {"random", SplitKind::kRandom},
    {"time", SplitKind::kTime},
}};

Status check(const CompressedView& matrix, std::span<const std::int64_t> time,
             const SplitOptions& options) {
  if (!time.empty() && static_cast<std::int64_t>(time.size()) != matrix.nonzeros()) {
    return {Code::kUsage,
            fmt::format("split: {} times for {} interactions", time.size(), matrix.nonzeros())};
  }
  // Two parts are cut from the same rows unless users are held out or there is one part only.
  const bool both = options.validation && options.kind != SplitKind::kStrong;
  const double limit = both ? 0.5 : 1.0;
  if (options.kind != SplitKind::kLeaveOneOut &&
      !(options.fraction > 0 && options.fraction < limit)) {
    return {Code::kUsage,
            fmt::format("split: fraction {} is not between 0 and {}", options.fraction, limit)};
  }
  if (options.kind == SplitKind::kTime && time.empty())
    return {Code::kUsage, "split: a split by time needs data with times"};
  return {};
}

Result<SplitPlan> make_plan(const CompressedView& matrix, std::span<const std::int64_t> time,
                            const SplitOptions& options) {
  switch (options.kind) {
    case SplitKind::kStrong:
      return plan_strong(matrix, options);
    case SplitKind::kTime:
      return plan_by_time(matrix, time, options);
    case SplitKind::kLeaveOneOut:
    case SplitKind::kRandom:
      break;
  }
  return plan_per_user(matrix, time, options);
}

/// Rows `users`, of which only the interactions in `wanted` are kept.
Result<CsrMatrix> pick(const CompressedView& matrix, std::span<const std::int32_t> users,
                       const std::vector<Part>& part, Part wanted) {
  std::int64_t count = 0;
  for (const std::int32_t user : users) {
    const auto row = part.begin() + matrix.offsets[user];
    count += std::count(row, row + matrix.length(user), wanted);
  }
  std::vector<std::int64_t> offsets(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  offsets.reserve(users.size() + 1);
  indices.reserve(static_cast<std::size_t>(count));
  values.reserve(static_cast<std::size_t>(count));
  for (const std::int32_t user : users) {
    for (std::int64_t p = matrix.offsets[user]; p < matrix.offsets[user + 1]; ++p) {
      if (part[p] != wanted) continue;
      indices.push_back(matrix.indices[p]);
      values.push_back(matrix.values[p]);
    }
    offsets.push_back(static_cast<std::int64_t>(indices.size()));
  }
  BASCULE_ASSIGN(Compressed rows,
                 Compressed::make(static_cast<std::int64_t>(users.size()), matrix.minors,
                                  std::move(offsets), std::move(indices), std::move(values)));
  return CsrMatrix(std::move(rows));
}

/// Leaves out the users who have no fold-in or no target.
void keep_evaluable(const CompressedView& matrix, const std::vector<Part>& part, Part target,
                    std::vector<std::int32_t>& users) {
  std::erase_if(users, [&](std::int32_t user) {
    const auto begin = part.begin() + matrix.offsets[user];
    const auto end = part.begin() + matrix.offsets[user + 1];
    return std::find(begin, end, Part::kIn) == end || std::find(begin, end, target) == end;
  });
}

}  // namespace

Result<SplitKind> parse_split_kind(std::string_view name) {
  std::string known;
  for (const auto& [text, kind] : kKinds) {
    if (text == name) return kind;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", text);
  }
  return Error{Code::kUsage, fmt::format("split \"{}\" is not one of {}", name, known)};
}

std::int64_t auto_heldout(std::int64_t users) {
  const std::int64_t tenth = users / 10;
  if (tenth < 100) return std::max<std::int64_t>(tenth, 1);
  return std::min<std::int64_t>(10'000, tenth / 100 * 100);
}

void shuffle_row(const CompressedView& matrix, std::int64_t user, const std::vector<Part>& part,
                 const Philox& random, std::vector<std::int64_t>& positions) {
  positions.clear();
  const std::int64_t begin = matrix.offsets[user];
  for (std::int64_t p = begin; p < matrix.offsets[user + 1]; ++p) {
    if (part[p] != Part::kDropped) positions.push_back(p);
  }
  random.shuffle(std::span(positions), static_cast<std::uint64_t>(begin));
}

std::vector<char> items_in(const CompressedView& matrix, std::span<const std::int32_t> users,
                           const std::vector<Part>& part) {
  std::vector<char> seen(static_cast<std::size_t>(matrix.minors), 0);
  for (const std::int32_t user : users) {
    for (std::int64_t p = matrix.offsets[user]; p < matrix.offsets[user + 1]; ++p) {
      if (part[p] == Part::kIn) seen[matrix.indices[p]] = 1;
    }
  }
  return seen;
}

Result<Split> make_split(const CsrMatrix& interactions, std::span<const std::int64_t> time,
                         const SplitOptions& options) {
  const CompressedView matrix = interactions.view();
  BASCULE_TRY(check(matrix, time, options));
  BASCULE_ASSIGN(SplitPlan plan, make_plan(matrix, time, options));

  Split split;
  const std::vector<char> seen = items_in(matrix, plan.train_users, plan.part);
  split.train_items = std::count(seen.begin(), seen.end(), 1);
  for (std::int64_t p = 0; p < matrix.nonzeros(); ++p) {
    if (plan.part[p] != Part::kIn && seen[matrix.indices[p]] == 0) ++split.unseen;
  }
  keep_evaluable(matrix, plan.part, Part::kValidTarget, plan.valid_users);
  keep_evaluable(matrix, plan.part, Part::kTestTarget, plan.test_users);
  if (plan.test_users.empty()) {
    return Error{Code::kBadData, fmt::format("split: none of the {} users has both interactions to "
                                             "start from and interactions to test on",
                                             matrix.majors)};
  }
  BASCULE_ASSIGN(split.train, pick(matrix, plan.train_users, plan.part, Part::kIn));
  BASCULE_ASSIGN(split.valid_in, pick(matrix, plan.valid_users, plan.part, Part::kIn));
  BASCULE_ASSIGN(split.valid_out, pick(matrix, plan.valid_users, plan.part, Part::kValidTarget));
  BASCULE_ASSIGN(split.test_in, pick(matrix, plan.test_users, plan.part, Part::kIn));
  BASCULE_ASSIGN(split.test_out, pick(matrix, plan.test_users, plan.part, Part::kTestTarget));
  split.train_users = std::move(plan.train_users);
  split.valid_users = std::move(plan.valid_users);
  split.test_users = std::move(plan.test_users);
  return split;
}

}  // namespace bascule
