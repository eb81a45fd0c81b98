#pragma once
// Small autoencoders, and users for them to learn from.
#include <bascule/data/split.h>
#include <bascule/recsys/elsa.h>
#include <bascule/recsys/mult_vae.h>
#include <bascule/recsys/rec_vae.h>

#include "unit/recsys/autoencoder_testing.h"

namespace bascule::autoencoder_testing {

inline const Split& users() {
  static const Split split = make_split(tastes(), {}, {.seed = 1, .heldout = 60}).value();
  return split;
}

inline MultVaeOptions small_mult_vae(bool variational, std::int64_t epochs) {
  MultVaeOptions options;
  options.variational = variational;
  options.hidden = {12};
  options.latent = 5;
  options.epochs = epochs;
  options.batch_size = 200;  // the last batch is smaller
  return options;
}

inline RecVaeOptions small_rec_vae(std::int64_t epochs) {
  RecVaeOptions options;
  options.width = 12;
  options.depth = 2;
  options.latent = 5;
  options.epochs = epochs;
  options.batch_size = 200;
  return options;
}

inline ElsaOptions small_elsa(std::int64_t epochs) {
  ElsaOptions options;
  options.factors = 8;
  options.epochs = epochs;
  options.batch_size = 200;
  return options;
}

}  // namespace bascule::autoencoder_testing
