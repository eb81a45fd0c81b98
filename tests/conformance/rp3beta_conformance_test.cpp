#include <bascule/recsys/rp3beta.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

RecommenderCase rp3beta(const Rp3betaOptions& options) {
  return {.name = "rp3beta",
          .make = [options] { return std::make_unique<Rp3beta>(options); },
          .similar = true};
}

INSTANTIATE_TEST_SUITE_P(
    Rp3beta, RecommenderConformance,
    testing::Values(
        rp3beta({}), rp3beta({.normalise = false}),
        rp3beta({.transition_exponent = 0, .popularity_exponent = 0}),
        rp3beta({.neighbors = 25, .transition_exponent = 2, .popularity_exponent = 1.5F})));

}  // namespace
}  // namespace bascule
