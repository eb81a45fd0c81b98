#pragma once
// Batches of users to learn from, in an order that is a function of seed and epoch alone.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/tensor/compressed.h>

#include "recsys/candidate_items.h"
#include "recsys/user_rows.h"

namespace bascule::detail {

struct UserBatchOptions {
  std::int64_t batch_size = 500;
  /// Share of the stored elements that `input` lacks, in [0, 1): of one pass over the users after
  /// another, and over again. Not empty.
  std::vector<double> dropout = {0};
  std::uint64_t seed = 1;
  /// One batch is made on a thread of its own while the one before is in use; else each when it is
  /// asked for, by the pool. The batches are the same.
  bool ahead = true;
  /// Draws `candidates` of every batch.
  std::optional<CandidateOptions> candidates = {};
};

struct UserBatch {
  std::int64_t pass = 0;            ///< over the users
  std::int64_t index = 0;           ///< in the pass
  std::vector<std::int32_t> users;  ///< by their rows
  RowDropout left_out;              ///< of their items, in `input`
  UserRows input;                   ///< scaled to length 1, after dropout
  UserRows targets;                 ///< as they are
  CandidateItems candidates;
};

class UserBatches {
 public:
  /// Of the rows of `train` that are not empty. View and pool must outlive the batches. kBadData
  /// when all rows are empty.
  static Result<UserBatches> make(const CompressedView& train, const UserBatchOptions& options,
                                  ThreadPool& pool);
  ~UserBatches();
  UserBatches(UserBatches&& other) noexcept;
  UserBatches& operator=(UserBatches&& other) noexcept;

  /// Before the first batch: batches name the users whose rows they would have, and have targets
  /// only where candidates are drawn for them.
  void name_users_only();

  [[nodiscard]] std::int64_t samples() const;     ///< users of an epoch
  [[nodiscard]] std::int64_t batches() const;     ///< of an epoch
  [[nodiscard]] std::int64_t batch_size() const;  ///< of all but the last batch of an epoch

  /// The next batch is the first one of `first_epoch`, the last one `epochs` later. Batches of
  /// before become invalid.
  void start(std::int64_t first_epoch, std::int64_t epochs);
  /// Passes the next batch over.
  void skip();
  /// The next batch, until it is given back; one may be held. kUsage when there are no more,
  /// kFailed when it could not be made.
  Result<UserBatch*> next();
  void give_back();
  void stop();
  /// Seconds that next() took, in all.
  [[nodiscard]] double waited() const;

 private:
  struct State;
  explicit UserBatches(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bascule::detail
