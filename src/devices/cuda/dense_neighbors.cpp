// Dense cosine queries on the GPU, as programs without sparse matrices do them.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <bascule/devices/query_clock.h>

#include "devices/cuda/neighbors.h"
#include "devices/cuda/score_tops.h"

namespace bascule::cuda {
namespace {

class CudaDense final : public DenseSearch, public ClocksQueries {
 public:
  CudaDense(const Session& session, ScoreTops tops, Launcher<DenseCosineArguments> cosines)
      : session_(session), tops_(std::move(tops)), cosines_(std::move(cosines)) {}

  Status place(const DenseMatrix& matrix) {
    count_ = matrix.points;
    features_ = matrix.features;
    const auto values = matrix.values.span();
    BASCULE_TRY(session_.arena->require(
        Arena::block_bytes(static_cast<std::int64_t>(values.size_bytes())) +
        Arena::block_bytes(count_ * static_cast<std::int64_t>(sizeof(float)))));
    BASCULE_ASSIGN(points_, Values<float>::copy(session_, values));
    BASCULE_ASSIGN(norms_, Values<float>::copy(session_, matrix.norms));
    return session_.synchronize();
  }

  [[nodiscard]] Result<std::vector<std::vector<Neighbor>>> query(
      std::span<const float> vectors, std::int32_t k,
      std::span<const std::int32_t> exclude) override {
    if (std::ssize(vectors) != std::ssize(exclude) * features_)
      return Error{Code::kUsage, fmt::format("{} values for {} queries of {}", vectors.size(),
                                             exclude.size(), features_)};
    std::vector<std::vector<Neighbor>> found(exclude.size());
    if (count_ == 0 || exclude.empty() || k < 1) return found;
    std::vector<float> norms;
    for (std::size_t q = 0; q < exclude.size(); ++q) norms.push_back(norm_of(vectors, q));
    BASCULE_ASSIGN(const auto queries, Values<float>::copy(session_, vectors));
    BASCULE_ASSIGN(const auto query_norms, Values<float>::copy(session_, norms));
    BASCULE_ASSIGN(const auto scores, Values<float>::make(session_, std::ssize(exclude) * count_));
    DenseCosineArguments a;
    a.points = points_.data();
    a.norms = norms_.data();
    a.queries = queries.data();
    a.query_norms = query_norms.data();
    a.scores = scores.data();
    a.count = count_;
    a.features = features_;
    a.query_count = static_cast<std::int32_t>(exclude.size());
    tops_.start_clock();
    cosines_(count_, a);
    const auto columns = static_cast<std::int32_t>(count_);
    std::vector<std::int64_t> begin = {0};
    std::vector<std::int32_t> excluded;
    for (const std::int32_t point : exclude) {
      if (point >= 0 && point < columns) excluded.push_back(point);
      begin.push_back(std::ssize(excluded));
    }
    ScoredRows rows{scores.data(), std::ssize(exclude), columns, columns, begin, excluded};
    rows.least = std::numeric_limits<float>::denorm_min();
    BASCULE_ASSIGN(const NeighborLists lists, tops_.run(rows, k));
    for (std::size_t slot = 0; slot < lists.ids.size(); ++slot)
      if (lists.ids[slot] >= 0)
        found[slot / static_cast<std::size_t>(k)].push_back({lists.ids[slot], lists.scores[slot]});
    return found;
  }
  [[nodiscard]] Result<double> device_seconds() const override { return tops_.seconds(); }

 private:
  [[nodiscard]] float norm_of(std::span<const float> vectors, std::size_t q) const {
    double squares = 0;
    for (std::int64_t f = 0; f < features_; ++f) {
      const double value = vectors[q * static_cast<std::size_t>(features_) + f];
      squares += value * value;
    }
    return static_cast<float>(std::sqrt(squares));
  }

  Session session_;
  ScoreTops tops_;
  Launcher<DenseCosineArguments> cosines_;
  std::int64_t count_ = 0, features_ = 0;
  Values<float> points_, norms_;
};

}  // namespace

Result<std::unique_ptr<DenseSearch>> place_dense(const Session& session,
                                                 const DenseMatrix& matrix) {
  BASCULE_ASSIGN(ScoreTops tops, ScoreTops::make(session));
  BASCULE_ASSIGN(auto cosines, session.kernels->find(ids::dense_cosines));
  auto placed = std::make_unique<CudaDense>(session, std::move(tops), std::move(cosines));
  BASCULE_TRY(placed->place(matrix));
  return std::unique_ptr<DenseSearch>(std::move(placed));
}

}  // namespace bascule::cuda
