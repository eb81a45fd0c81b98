#include "recsys/user_batches.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <bascule/base/timer.h>
#include <bascule/data/batches.h>

#include "base/prefetcher.h"
#include "data/batch_order.h"

namespace bascule::detail {
namespace {

/// Of the items that are left out; a graph has streams of its own, from another key.
constexpr std::uint64_t kDropoutStream = 0x64726f70;

/// Whose rows are made as one piece of work.
constexpr std::int64_t kUsersPerPart = 32;

/// More would only take memory: a step takes far longer than a batch.
constexpr int kBatchesAhead = 1;

}  // namespace

struct UserBatches::State {
  State(const CompressedView& rows, const UserBatchOptions& options, BatchPlan plan,
        ThreadPool& workers)
      : train(rows),
        dropout(options.dropout),
        random(options.seed, kDropoutStream),
        pool(options.ahead ? nullptr : &workers),
        order(std::move(plan)),
        ahead(options.ahead ? kBatchesAhead + 1 : 0, [this](std::int64_t number, std::int64_t) {
          make(number, ring[static_cast<std::size_t>(number) % ring.size()]);
        }) {
    if (options.candidates) sampler.emplace(rows, *options.candidates);
    ring.resize(ahead.slots());
  }

  const CompressedView train;
  const std::vector<double> dropout;
  const RandomValues random;
  ThreadPool* const pool;

  bool only_users = false;  // until the first batch is made

  // Belongs to whoever makes batches.
  BatchOrder order;
  std::vector<UserRows> parts;
  std::optional<CandidateSampler> sampler;
  std::vector<UserBatch> ring;

  // The consumer's.
  std::int64_t position = 0, end = 0;  // numbers of batches: of the next one, after the last one
  bool running = false;                // the prefetcher was started at `position`
  double waited = 0;

  Prefetcher ahead;  // ends before what it writes to

  void make(std::int64_t number, UserBatch& to);
  void make_inputs(std::span<const std::int32_t> users, UserBatch& to);
  void add_inputs(std::span<const std::int32_t> users, const RowDropout& left_out,
                  UserRows& rows) const {
    for (const std::int32_t user : users)
      rows.add_normalised(train.line(user), user, train.minors, left_out);
  }
  /// `running` batches were for the position before.
  void halt() {
    if (running) ahead.stop();
    running = false;
  }
};

void UserBatches::State::make(std::int64_t number, UserBatch& to) {
  const BatchOrder::Place place = order.at(number);
  const std::span<const std::int32_t> users = place.samples;
  to.pass = place.epoch;
  to.index = place.index;
  to.users.assign(users.begin(), users.end());
  to.left_out = {dropout[static_cast<std::size_t>(place.epoch) % dropout.size()], random,
                 static_cast<std::uint64_t>(number)};
  to.input.clear();
  to.targets.clear();
  if (!only_users) make_inputs(users, to);
  if (!only_users || sampler)
    for (const std::int32_t user : users) to.targets.add(train.line(user));
  if (sampler)
    sampler->draw(static_cast<std::uint64_t>(number), to.targets, to.users.size(), to.candidates);
}

void UserBatches::State::make_inputs(std::span<const std::int32_t> users, UserBatch& to) {
  if (pool == nullptr) {
    add_inputs(users, to.left_out, to.input);
    return;
  }
  const Chunks chunks{std::ssize(users), kUsersPerPart};
  parts.resize(static_cast<std::size_t>(chunks.chunks()));
  pool->run(chunks.chunks(), [&](std::int64_t chunk, int) {
    UserRows& part = parts[static_cast<std::size_t>(chunk)];
    part.clear();
    const auto begin = static_cast<std::size_t>(chunks.begin(chunk));
    add_inputs(users.subspan(begin, static_cast<std::size_t>(chunks.end(chunk)) - begin),
               to.left_out, part);
  });
  for (const UserRows& part : parts) to.input.append(part);
}

UserBatches::UserBatches(std::unique_ptr<State> state) : state_(std::move(state)) {}
UserBatches::UserBatches(UserBatches&& other) noexcept = default;
UserBatches& UserBatches::operator=(UserBatches&& other) noexcept = default;
UserBatches::~UserBatches() = default;

Result<UserBatches> UserBatches::make(const CompressedView& train, const UserBatchOptions& options,
                                      ThreadPool& pool) {
  std::vector<std::int32_t> users;
  for (std::int64_t u = 0; u < train.majors; ++u) {
    if (train.length(u) > 0) users.push_back(static_cast<std::int32_t>(u));
  }
  if (users.empty()) return Error{Code::kBadData, "no user has an item"};
  BatchOptions order;
  order.batch_size = std::min(options.batch_size, std::ssize(users));
  order.seed = options.seed;
  BASCULE_ASSIGN(BatchPlan plan, BatchPlan::make(std::move(users), order));
  return UserBatches(std::make_unique<State>(train, options, std::move(plan), pool));
}

void UserBatches::name_users_only() {
  state_->only_users = true;
}

std::int64_t UserBatches::samples() const {
  return state_->order.plan().samples();
}
std::int64_t UserBatches::batches() const {
  return state_->order.plan().batches();
}
std::int64_t UserBatches::batch_size() const {
  return state_->order.plan().batch_size();
}
double UserBatches::waited() const {
  return state_->waited;
}

void UserBatches::start(std::int64_t first_epoch, std::int64_t epochs) {
  state_->halt();
  state_->position = first_epoch * batches();
  state_->end = state_->position + epochs * batches();
}

void UserBatches::skip() {
  state_->halt();
  if (state_->position < state_->end) ++state_->position;
}

Result<UserBatch*> UserBatches::next() {
  State& s = *state_;
  const Stopwatch watch;
  if (!std::exchange(s.running, true)) s.ahead.start(s.position, s.end - s.position);
  BASCULE_ASSIGN(const std::optional<std::size_t> slot, s.ahead.next());
  s.waited += watch.seconds();
  if (!slot) return Error{Code::kUsage, "there are no more batches"};
  ++s.position;
  return &s.ring[*slot];
}

void UserBatches::give_back() {
  state_->ahead.give_back();
}

void UserBatches::stop() {
  state_->halt();
  state_->end = state_->position;
}

}  // namespace bascule::detail
