#pragma once
// What the verbs share that fit several models on one split of one data set.
#include <cstdint>
#include <string>

#include <bascule/data/split.h>
#include <bascule/recsys/contract.h>
#include <bascule/recsys/training.h>

namespace bascule {

/// Read, prepared and split.
struct SplitData {
  std::string path;  ///< absolute
  std::int64_t users = 0, items = 0, interactions = 0;
  Split split;
};
/// Says in the log what there is.
Result<SplitData> load_split(const Settings& settings, const FitRequest& request, ThreadPool& pool);

/// Of a model that learns by epochs.
struct EpochCount {
  std::int64_t done = 0, best = 0;
};
/// Fits on the training part; of a model that learns by epochs the validation users choose the best
/// one. kInterrupted as `request` says.
Result<EpochCount> fit_on_split(Recommender& model, const Split& split, const FitRequest& request,
                                ThreadPool& pool);

}  // namespace bascule
