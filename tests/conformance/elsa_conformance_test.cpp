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
          // Rows of items that the same users have begin apart, and come together slowly.
          .tie_tolerance = 0.5,
          .batch_tolerance = 1e-5};
}

INSTANTIATE_TEST_SUITE_P(Elsa, RecommenderConformance,
                         testing::Values(elsa({.factors = 12}), elsa({.factors = 100}),
                                         elsa({.factors = 5, .precision = Precision::kBf16})));

}  // namespace
}  // namespace bascule
