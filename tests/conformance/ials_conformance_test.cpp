#include <bascule/recsys/ials.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

RecommenderCase factors(std::int32_t count) {
  IalsOptions options;
  options.factors = count;
  options.iterations = 8;
  return {.name = "ials",
          .make = [options] { return std::make_unique<Ials>(options); },
          .similar = true,
          // They begin apart, and eight iterations bring them together so far.
          .tie_tolerance = 0.02};
}

INSTANTIATE_TEST_SUITE_P(Ials, RecommenderConformance, testing::Values(factors(5), factors(32)));

}  // namespace
}  // namespace bascule
