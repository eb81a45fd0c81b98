#include <bascule/recsys/popularity.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

INSTANTIATE_TEST_SUITE_P(Popularity, RecommenderConformance,
                         testing::Values(RecommenderCase{
                             .name = "popularity",
                             .make = [] { return std::make_unique<Popularity>(); },
                             .personal = false}));

}  // namespace
}  // namespace bascule
