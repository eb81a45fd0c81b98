#pragma once
// The best k of every row of scores on the GPU: of evaluation, of lists of a network's outputs.
#include <bascule/devices/score_search.h>

#include "devices/cuda/tops.h"

namespace bascule::cuda {

class ScoreTops {
 public:
  static Result<ScoreTops> make(const Session& session);

  /// See SearchesScores.
  [[nodiscard]] Result<NeighborLists> run(const ScoredRows& rows, std::int32_t k) const;
  /// See Tops.
  void start_clock() const { tops_.start_clock(); }
  [[nodiscard]] Result<double> seconds() const { return tops_.seconds(); }

 private:
  ScoreTops(const Session& session, Tops tops, Launcher<ScoreTopArguments> top)
      : session_(session), tops_(std::move(tops)), top_(std::move(top)) {}
  Session session_;
  Tops tops_;
  Launcher<ScoreTopArguments> top_;
};

}  // namespace bascule::cuda
