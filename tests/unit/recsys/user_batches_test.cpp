// Batches of users, made ahead or when they are asked for.
#include "recsys/user_batches.h"

#include <vector>

#include <gmock/gmock.h>

#include <bascule/base/random_values.h>
#include <bascule/data/batches.h>

namespace bascule {
namespace {

using detail::UserBatch;
using detail::UserBatches;
using detail::UserBatchOptions;
using detail::UserRows;

constexpr std::int64_t kUsers = 230, kItems = 90, kBatch = 40;
constexpr std::uint64_t kDropoutStream = 0x64726f70;

/// Every eleventh user has nothing.
CsrMatrix users() {
  const Philox random(4);
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  std::uint64_t drawn = 0;
  for (std::int64_t user = 0; user < kUsers; ++user) {
    for (std::int32_t item = 0; item < kItems; ++item) {
      if (random.uniform(drawn++) > 0.2 || user % 11 == 0) continue;
      indices.push_back(item);
      values.push_back(static_cast<float>(1 + item % 4));
    }
    offsets.push_back(std::ssize(indices));
  }
  return CsrMatrix(
      Compressed::make(kUsers, kItems, std::move(offsets), std::move(indices), std::move(values))
          .value());
}

struct Rows {
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  bool operator==(const Rows&) const = default;
};

Rows copy(UserRows& rows, std::size_t count) {
  const CsrArgument all = rows.argument();
  const std::int64_t stored = all.offsets[count];
  return {{all.offsets, all.offsets + count + 1},
          {all.indices, all.indices + stored},
          {all.values, all.values + stored}};
}

struct Copied {
  std::int64_t pass = 0, index = 0;
  Rows input, targets;
  bool operator==(const Copied&) const = default;
};

Copied take(UserBatches& batches) {
  const Result<UserBatch*> batch = batches.next();
  EXPECT_TRUE(batch.ok()) << batch.error().message;
  if (!batch.ok()) return {};
  Copied copied{(*batch)->pass, (*batch)->index, copy((*batch)->input, (*batch)->users.size()),
                copy((*batch)->targets, (*batch)->users.size())};
  batches.give_back();
  return copied;
}

/// Batch after batch of some epochs, made from the plan in the plainest way.
std::vector<Copied> expected(const CsrMatrix& x, const UserBatchOptions& options,
                             std::int64_t epochs) {
  std::vector<std::int32_t> present;
  for (std::int32_t user = 0; user < kUsers; ++user)
    if (user % 11 != 0) present.push_back(user);
  BatchOptions order;
  order.batch_size = options.batch_size;
  order.seed = options.seed;
  const BatchPlan plan = BatchPlan::make(present, order).value();
  std::vector<Copied> all;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    plan.order(epoch, present);
    for (std::size_t begin = 0; begin < present.size(); begin += kBatch) {
      UserRows input, targets;
      const std::size_t count = std::min<std::size_t>(kBatch, present.size() - begin);
      for (std::size_t i = begin; i < begin + count; ++i) {
        const SparseLine line = x.view().line(present[i]);
        input.add_normalised(
            line, present[i], kItems,
            {options.dropout[static_cast<std::size_t>(epoch) % options.dropout.size()],
             RandomValues(options.seed, kDropoutStream), all.size()});
        targets.add(line);
      }
      all.push_back({epoch, static_cast<std::int64_t>(begin) / kBatch, copy(input, count),
                     copy(targets, count)});
    }
  }
  return all;
}

class UserBatchesAhead : public testing::TestWithParam<bool> {
 protected:
  UserBatchesAhead() { options_.ahead = GetParam(); }
  UserBatches make(ThreadPool& pool) {
    return UserBatches::make(x_.view(), options_, pool).value();
  }

  UserBatchOptions options_{kBatch, {0.4, 0.1, 0}, 8, true};
  const CsrMatrix x_ = users();
};

TEST_P(UserBatchesAhead, GiveEveryEpochInThePlansOrder) {
  const std::vector<Copied> all = expected(x_, options_, 4);
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    UserBatches batches = make(pool);
    EXPECT_EQ(batches.samples(), 209);
    ASSERT_EQ(batches.batches(), 6);
    batches.start(0, 4);
    for (const Copied& batch : all) EXPECT_EQ(take(batches), batch);
    EXPECT_EQ(batches.next().error().code, Code::kUsage);
    batches.start(2, 1);
    EXPECT_EQ(take(batches), all[12]);
  }
}

TEST_P(UserBatchesAhead, MayBePassedOver) {
  const std::vector<Copied> all = expected(x_, options_, 3);
  ThreadPool pool(2);
  UserBatches batches = make(pool);
  batches.start(1, 2);
  for (int i = 0; i < 4; ++i) batches.skip();
  EXPECT_EQ(take(batches), all[10]);
  EXPECT_EQ(take(batches), all[11]);
  batches.skip();
  batches.skip();
  EXPECT_EQ(take(batches), all[14]);
  for (int i = 0; i < 9; ++i) batches.skip();  // past the end
  EXPECT_FALSE(batches.next().ok());
}

TEST_P(UserBatchesAhead, MayBeStoppedAndStartedAtAnyMoment) {
  const std::vector<Copied> all = expected(x_, options_, 6);
  ThreadPool pool(2);
  UserBatches batches = make(pool);
  EXPECT_FALSE(batches.next().ok());  // nothing was started
  for (std::size_t round = 0; round < 200; ++round) {
    const std::size_t epoch = round % 6;
    batches.start(static_cast<std::int64_t>(epoch), 1);
    for (std::size_t i = 0; i < round % 4; ++i) ASSERT_EQ(take(batches), all[6 * epoch + i]);
    if (round % 5 == 0) {
      ASSERT_TRUE(batches.next().ok());  // still held
    }
    if (round % 3 == 0) {
      batches.stop();
      EXPECT_FALSE(batches.next().ok());
    }
  }
  UserBatches moved = std::move(batches);
  moved.start(3, 2);
  EXPECT_EQ(take(moved), all[18]);  // and goes while the next one is made
}

INSTANTIATE_TEST_SUITE_P(Both, UserBatchesAhead, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "ahead" : "asked"; });

TEST(UserBatches, RefuseWhatHasNoItems) {
  const CsrMatrix nobody(Compressed::make(2, 3, {0, 0, 0}, {}, {}).value());
  EXPECT_EQ(UserBatches::make(nobody.view(), {}, default_pool()).error().code, Code::kBadData);
}

}  // namespace
}  // namespace bascule
