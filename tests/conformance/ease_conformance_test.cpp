#include <bascule/recsys/ease.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

RecommenderCase linear(const std::string& name, const EaseOptions& options) {
  return {.name = name,
          .make = [options] { return std::make_unique<Ease>(options); },
          .similar = true,
          .tie_tolerance = 1e-5};
}

INSTANTIATE_TEST_SUITE_P(Ease, RecommenderConformance,
                         testing::Values(linear("ease", {.l2 = 20}),
                                         linear("edlae", {.l2 = 10, .dropout = .33F})));

}  // namespace
}  // namespace bascule
