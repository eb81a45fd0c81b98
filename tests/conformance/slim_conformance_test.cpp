#include <bascule/recsys/slim.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

RecommenderCase slim(const SlimOptions& options) {
  return {.name = "slim",
          .make = [options] { return std::make_unique<Slim>(options); },
          .similar = true,
          .tie_tolerance = 1e-4};
}

INSTANTIATE_TEST_SUITE_P(
    Slim, RecommenderConformance,
    testing::Values(slim({.l1 = .1F, .l2 = 20, .tolerance = 1e-6F}),
                    slim({.l1 = 0, .l2 = 5, .tolerance = 1e-6F}),
                    slim({.l1 = .1F, .l2 = 10, .tolerance = 1e-6F, .candidates = 25})));

}  // namespace
}  // namespace bascule
