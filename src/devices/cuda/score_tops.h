#pragma once
// The best k of every row of scores on the GPU: of evaluation, of lists of a network's outputs.
#include <limits>

#include "devices/cuda/tops.h"

namespace bascule::cuda {

/// On the GPU.
struct ScoreRows {
  const float* scores = nullptr;
  std::int64_t rows = 0, stride = 0;
  std::int32_t columns = 0;
  float least = -std::numeric_limits<float>::infinity();  ///< less is not listed, nor is NaN
};

class ScoreTops {
 public:
  static Result<ScoreTops> make(const Session& session);

  /// Best first, of equal scores the lower column. `excluded` has columns, ascending in each row,
  /// from begin[row] to begin[row + 1], which are not listed; `begin` may be empty for none.
  [[nodiscard]] Result<std::vector<std::vector<Neighbor>>> run(
      const ScoreRows& rows, std::int32_t k, std::span<const std::int64_t> begin,
      std::span<const std::int32_t> excluded) const;
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
