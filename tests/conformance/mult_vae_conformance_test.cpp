#include <limits>

#include <bascule/recsys/mult_vae.h>

#include "conformance/recommender_conformance.h"

namespace bascule {
namespace {

RecommenderCase autoencoder(const std::string& name, MultVaeOptions options) {
  options.variational = name == "mult-vae";
  options.epochs = 20;
  options.batch_size = 64;
  options.optimizer.lr = 0.01;
  return {.name = name,
          .make = [options] { return std::make_unique<MultVae>(options); },
          // Nothing brings the rows of two items together that begin apart.
          .tie_tolerance = std::numeric_limits<double>::infinity(),
          .batch_tolerance = 1e-5};
}

INSTANTIATE_TEST_SUITE_P(
    MultVae, RecommenderConformance,
    testing::Values(autoencoder("mult-vae", {.hidden = {33}, .latent = 10}),
                    autoencoder("mult-vae", {.hidden = {700}, .latent = 300}),
                    autoencoder("mult-vae",
                                {.hidden = {40, 17}, .latent = 5, .precision = Precision::kBf16}),
                    autoencoder("mult-vae", {.hidden = {40}, .latent = 7, .sampled_softmax = 10}),
                    autoencoder("mult-dae", {.hidden = {}, .latent = 20})));

}  // namespace
}  // namespace bascule
