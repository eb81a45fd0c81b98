#pragma once
// A data set cut into training, validation and test parts.
//
// kStrong is strong generalisation: D. Liang, R. Krishnan, M. Hoffman, T. Jebara, "Variational
// Autoencoders for Collaborative Filtering", WWW 2018. Held-out users are not in training at all;
// their rows are cut into a fold-in part, which the model sees, and targets, which it must find.
// The other kinds hold interactions of training users back; there the fold-in part is the user's
// training row.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/data/prepare.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

enum class SplitKind {
  kStrong,       ///< "strong": whole users are held out
  kLeaveOneOut,  ///< "leave-one-out": each user's last interaction (a random one without times)
  kRandom,       ///< "random": a fraction of each user's interactions
  kTime          ///< "time": the latest fraction of all interactions
};

/// kUsage for a name that is none of the four above.
Result<SplitKind> parse_split_kind(std::string_view name);

struct SplitOptions {
  SplitKind kind = SplitKind::kStrong;
  std::uint64_t seed = 0;
  /// Without it nothing is held back for validation and training has those rows too.
  bool validation = true;
  /// kStrong: users in the test part, and again in the validation part. None is "auto":
  /// auto_heldout(users).
  std::optional<std::int64_t> heldout = std::nullopt;
  /// The share that becomes targets, rounded down: of each held-out user's interactions (kStrong),
  /// of each user's (kRandom), of all (kTime); for the last two once for each held-out part.
  double fraction = 0.2;
  /// kStrong: users with fewer interactions have no targets, as in the published code.
  std::int64_t min_interactions = 5;
};

/// min(10,000, a tenth of the users rounded down to hundreds). Below 1,000 users, where that would
/// be 0, a tenth of the users, at least 1.
std::int64_t auto_heldout(std::int64_t users);

/// All matrices keep the item numbering of the data set. Row r of train belongs to user
/// train_users[r] of the data set, row r of valid_in and valid_out to valid_users[r], and so on;
/// users ascend. Held-out users whose fold-in part or targets are empty are left out.
struct Split {
  CsrMatrix train;  ///< kinds other than kStrong: every user of the data set, in its order
  CsrMatrix valid_in, valid_out;
  CsrMatrix test_in, test_out;
  std::vector<std::int32_t> train_users, valid_users, test_users;
  std::int64_t train_items = 0;  ///< items that occur in training
  /// Interactions of held-out rows with items that do not occur in training. kStrong removes them
  /// before fold-in and targets are drawn, as the published protocol does; the other kinds keep
  /// them as targets that nobody can hit.
  std::int64_t unseen = 0;
};

/// Splits users × items. `time` is aligned with the stored values, or empty. Interactions with
/// equal times are ordered at random. A function of the arguments alone. Fails with kUsage for
/// options out of range (kTime without times among them) and with kBadData when no user is left to
/// test on.
Result<Split> make_split(const CsrMatrix& interactions, std::span<const std::int64_t> time,
                         const SplitOptions& options);

inline Result<Split> make_split(const Dataset& data, const SplitOptions& options) {
  return make_split(data.matrix, data.time, options);
}

}  // namespace bascule
