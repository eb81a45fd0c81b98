#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <bascule/devices/device.h>
#include <bascule/recsys/item_knn.h>

#include "recsys/by_neighbor.h"
#include "recsys/find_neighbors.h"

namespace bascule {

Result<NeighborIndex> ItemKnn::build_index(const CompressedView& interactions,
                                           const KnnOptions& options) {
  if (options.weighting.weighting == Weighting::kRaw)
    return NeighborIndex::build(interactions, PointAxis::kMinors, options.similarity);
  Compressed documents = flip(interactions);
  Weigher(documents.view(), options.weighting).weigh_all(documents);
  return NeighborIndex::build(documents.view(), PointAxis::kMajors, options.similarity);
}

Status ItemKnn::use_device(std::shared_ptr<Device> device) {
  device_ = std::move(device);
  return {};
}

Status ItemKnn::fit(const CsrMatrix& interactions, ThreadPool& pool, StageTimes& times) {
  Stopwatch watch;
  BASCULE_ASSIGN(const NeighborIndex index, build_index(interactions.view(), options_));
  times.emplace_back("index", watch.restart());
  BASCULE_ASSIGN(fitted_, find_neighbors(index, options_.neighbors, device_.get(), pool, times));
  watch.restart();
  use_weights(by_neighbor(fitted_));
  times.emplace_back("targets", watch.restart());
  width_ = fitted_.k;
  ids_ = fitted_.ids;
  scores_ = fitted_.scores;
  return {};
}

Result<std::vector<Recommendation>> ItemKnn::similar_items(std::int32_t item,
                                                           const SimilarOptions& options) const {
  BASCULE_TRY(check_item(item));
  std::vector<Recommendation> out;
  if (options.include_self && options.k > 0 && options.filter.passes(item))
    out.push_back({item, 1.0F});
  const auto wanted = static_cast<std::size_t>(std::max(options.k, 0));
  std::size_t slot = static_cast<std::size_t>(item) * width_;
  const std::size_t end = slot + static_cast<std::size_t>(width_);
  for (; out.size() < wanted && slot < end && ids_[slot] >= 0; ++slot) {
    if (ids_[slot] >= items())
      return Error{Code::kBadData, fmt::format("{}: neighbour {} of item {} does not exist",
                                               mapped()->path(), ids_[slot], item)};
    if (options.filter.passes(ids_[slot])) out.push_back({ids_[slot], scores_[slot]});
  }
  if (out.size() < wanted && slot == end)
    return Error{Code::kUsage,
                 fmt::format("{} neighbours asked for, {} of the {} stored per item may be listed",
                             wanted, out.size(), width_)};
  return out;
}

void ItemKnn::save(SafetensorsWriter& writer) const {
  writer.add("neighbors.ids", Shape{items(), width_}, ids_);
  writer.add("neighbors.scores", Shape{items(), width_}, scores_);
  SparseWeightsRecommender::save(writer);
}

Status ItemKnn::load(std::shared_ptr<const SafetensorsFile> file) {
  BASCULE_ASSIGN(const auto ids, file->get<std::int32_t>("neighbors.ids", 2));
  BASCULE_ASSIGN(const auto scores, file->get<float>("neighbors.scores", 2));
  const Shape& shape = file->tensors().find("neighbors.ids")->second.shape;
  if (!(shape == file->tensors().find("neighbors.scores")->second.shape) ||
      shape[1] > std::numeric_limits<std::int32_t>::max())
    return {Code::kBadData,
            fmt::format("{}: neighbors.ids and neighbors.scores do not fit", file->path())};
  BASCULE_TRY(SparseWeightsRecommender::load(std::move(file)));
  if (items() != shape[0])
    return {Code::kBadData, fmt::format("{}: targets do not fit neighbors", mapped()->path())};
  width_ = static_cast<std::int32_t>(shape[1]);
  ids_ = ids;
  scores_ = scores;
  return {};
}

}  // namespace bascule
