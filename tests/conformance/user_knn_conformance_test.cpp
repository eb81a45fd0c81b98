#include <bascule/recsys/user_knn.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

RecommenderCase user_knn(const KnnOptions& options) {
  return {.name = "user-knn", .make = [options] { return std::make_unique<UserKnn>(options); }};
}

INSTANTIATE_TEST_SUITE_P(
    UserKnn, RecommenderConformance,
    testing::Values(user_knn({}), user_knn({.neighbors = 20, .similarity = {.shrinkage = 10}}),
                    user_knn({.weighting = {.weighting = Weighting::kTfIdf}}),
                    user_knn({.weighting = {.weighting = Weighting::kBm25}}),
                    user_knn({.similarity = {.similarity = Similarity::kJaccard}})));

}  // namespace
}  // namespace bascule
