#include <limits>

#include <bascule/recsys/elsa.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

RecommenderCase elsa(ElsaOptions options) {
  options.epochs = 10;
  options.batch_size = 64;
  return {.name = "elsa",
          .make = [options] { return std::make_unique<Elsa>(options); },
          .similar = true,
          // Nothing brings the rows of two items together that begin apart.
          .tie_tolerance = std::numeric_limits<double>::infinity(),
          .batch_tolerance = 1e-5};
}

INSTANTIATE_TEST_SUITE_P(Elsa, RecommenderConformance,
                         testing::Values(elsa({.factors = 12}), elsa({.factors = 100}),
                                         elsa({.factors = 5, .precision = Precision::kBf16})));

}  // namespace
}  // namespace bascule
