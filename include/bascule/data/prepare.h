#pragma once
// From interactions as read to the user × item matrix a model is fitted on.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/interactions.h>
#include <bascule/tensor/compressed.h>

namespace bascule {

/// What to do when a (user, item) pair occurs more than once.
enum class Duplicates { kFirst, kLast, kMax, kMean, kSum, kError };

/// The steps run in this order: min_rating, duplicates, min_item_ratings and min_user_ratings
/// (items first; both once, or repeated until nothing changes with `k_core`), binarise.
struct PrepareOptions {
  float min_rating = -std::numeric_limits<float>::infinity();
  Duplicates duplicates = Duplicates::kFirst;
  std::int64_t min_item_ratings = 0;
  std::int64_t min_user_ratings = 0;
  bool k_core = false;
  bool binarise = false;
};

/// A prepared data set. Users and items are numbered in the order of first appearance among the
/// rows that remain.
struct Dataset {
  IdTable users, items;
  CsrMatrix matrix;  ///< users × items, values are ratings (or 1)
  /// Aligned with matrix.values(); empty when the source has no times.
  std::vector<std::int64_t> time;
};

/// Counts of what each step removed, for reports.
struct PrepareReport {
  std::int64_t rows_in = 0, below_min_rating = 0, duplicates = 0, rare_items = 0, rare_users = 0;
  std::int64_t rounds = 0;  ///< of the k-core iteration
  double filter_seconds = 0, matrix_seconds = 0;
};

struct Prepared {
  Dataset data;
  PrepareReport report;
};

/// Fails with kBadData when Duplicates::kError meets a duplicate, or nothing remains.
Result<Prepared> prepare(const Interactions& interactions, const PrepareOptions& options,
                         ThreadPool& pool = default_pool());

}  // namespace bascule
