#pragma once
// The graphs of Mult-VAE: one training step, and the scores of a batch of users.
#include <string>
#include <vector>

#include <bascule/graph/graph.h>
#include <bascule/recsys/mult_vae.h>

#include "recsys/model_parameter.h"

namespace bascule::detail {

/// Widths of the layers, from items to factors and back. In a variational encoder the last width is
/// that of means and logarithms of variances together.
struct VaeForm {
  std::vector<std::int64_t> encoder, decoder;
  std::int64_t latent = 0;
  bool variational = true;
  /// The last layer's weights lie item by item, [items, in], so that rows of them can be gathered.
  bool output_rows = false;

  VaeForm(const MultVaeOptions& options, std::int64_t items);
  [[nodiscard]] std::int64_t items() const { return encoder.front(); }
};

/// "encoder_1.weight" [in, out], "encoder_1.bias" [out], …, "decoder_1.weight", …
std::vector<ModelParameter> vae_parameters(const VaeForm& form);

/// Inputs "x", the batch as the encoder sees it, and "targets", of at most `capacity` stored
/// elements; or both as dense matrices [batch, items], where `dense_feed` says so. Adds the loss of
/// every user to the control variable "sums.loss". `anneal_steps` >= 1.
Graph vae_training_graph(const VaeForm& form, const MultVaeOptions& options, std::int64_t batch,
                         std::int64_t capacity, std::int64_t anneal_steps, bool dense_feed = false);
/// The same with the likelihood over `candidates` items, the inputs "candidates" (i32) and
/// "log_weights" (f32), and "targets" [batch, candidates] by their places there: see
/// recsys/candidate_items.h. Of a form with output_rows.
Graph vae_sampled_graph(const VaeForm& form, const MultVaeOptions& options, std::int64_t batch,
                        std::int64_t capacity, std::int64_t anneal_steps, std::int64_t candidates);
/// Input "x", output "scores" [batch, items].
Graph vae_scoring_graph(const VaeForm& form, std::int64_t batch, std::int64_t capacity);

}  // namespace bascule::detail
