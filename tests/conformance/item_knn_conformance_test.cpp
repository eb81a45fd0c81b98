#include <bascule/recsys/item_knn.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

RecommenderCase item_knn(const KnnOptions& options) {
  return {.name = "item-knn",
          .make = [options] { return std::make_unique<ItemKnn>(options); },
          .similar = true};
}

INSTANTIATE_TEST_SUITE_P(ItemKnn, RecommenderConformance,
                         testing::Values(item_knn({}), item_knn({.similarity = {.shrinkage = 10}}),
                                         item_knn({.weighting = {.weighting = Weighting::kTfIdf}}),
                                         item_knn({.weighting = {.weighting = Weighting::kBm25}}),
                                         item_knn({.similarity = {
                                                       .similarity = Similarity::kJaccard}})));

}  // namespace
}  // namespace bascule
