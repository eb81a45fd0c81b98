#include <limits>

#include <bascule/recsys/rec_vae.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

RecommenderCase recvae(RecVaeOptions options) {
  options.epochs = 10;
  options.batch_size = 64;
  options.optimizer.lr = 0.01;
  return {.name = "recvae",
          .make = [options] { return std::make_unique<RecVae>(options); },
          // Nothing brings the rows of two items together that begin apart.
          .tie_tolerance = std::numeric_limits<double>::infinity(),
          .batch_tolerance = 1e-5};
}

INSTANTIATE_TEST_SUITE_P(
    RecVae, RecommenderConformance,
    testing::Values(
        recvae({.width = 33, .depth = 5, .latent = 10}),
        recvae({.width = 100, .depth = 1, .latent = 150}),
        recvae({.width = 17, .depth = 2, .latent = 5, .gamma = 0, .precision = Precision::kBf16})));

}  // namespace
}  // namespace bascule
