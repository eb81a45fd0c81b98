#pragma once
// The graphs of RecVAE: a step of the encoder, one of the decoder, what happens between the two,
// and the scores of a batch of users.
#include <vector>

#include <bascule/graph/graph.h>
#include <bascule/recsys/rec_vae.h>

#include "recsys/model_parameter.h"

namespace bascule::detail {

struct RecVaeForm {
  std::int64_t items = 0, width = 0, depth = 0, latent = 0;

  RecVaeForm(const RecVaeOptions& options, std::int64_t item_count)
      : items(item_count), width(options.width), depth(options.depth), latent(options.latent) {}
};

/// "encoder_1.weight" [items, width], "encoder_1.bias" and "norm_1.weight", "norm_1.bias" [width],
/// "encoder_2.weight" [width, width], …, "encoder_last.weight" [width, 2 latent] of means and
/// logarithms of variances.
std::vector<ModelParameter> encoder_parameters(const RecVaeForm& form);
/// "decoder.weight" [latent, items], "decoder.bias".
std::vector<ModelParameter> decoder_parameters(const RecVaeForm& form);
/// The name that a parameter of the encoder has in the encoder of the prior.
std::string previous_name(const std::string& parameter);

/// Inputs of the two steps: "targets", CSR [batch, items]; "scale" [batch, 1], which brings each of
/// its rows to length 1; of the encoder's also "x", the rows as it sees them, and "divergence"
/// [batch], the weight of each user's. Both add the loss of every user to "sums.loss", and count
/// "step", and "encoder.step" or "decoder.step".
Graph encoder_step_graph(const RecVaeForm& form, const RecVaeOptions& options, std::int64_t batch,
                         std::int64_t capacity);
Graph decoder_step_graph(const RecVaeForm& form, const RecVaeOptions& options, std::int64_t batch,
                         std::int64_t capacity);
/// Makes the encoder that is the encoder of the prior.
Graph previous_encoder_graph(const RecVaeForm& form);
/// Input "x", output "scores" [batch, items].
Graph recvae_scoring_graph(const RecVaeForm& form, std::int64_t batch, std::int64_t capacity);

}  // namespace bascule::detail
