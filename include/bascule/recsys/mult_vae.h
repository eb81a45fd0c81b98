#pragma once
// Mult-VAE and Mult-DAE: D. Liang, R. Krishnan, M. Hoffman, T. Jebara, "Variational Autoencoders
// for Collaborative Filtering", WWW 2018.
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <bascule/recsys/autoencoder.h>

namespace bascule {

struct MultVaeOptions {
  bool variational = true;  ///< false: Mult-DAE
  /// Widths between items and latent factors, and in reverse from there to the scores.
  std::vector<std::int64_t> hidden = {600};
  std::int64_t latent = 200;
  double dropout = 0.5;  ///< share of a user's items that the encoder does not see, in [0, 1)
  /// Weight of the Kullback-Leibler divergence: it rises from 0 in a line and stays there.
  double beta = 0.2;
  /// It rises for so many steps; 0: for `anneal_share` of all steps that are planned.
  std::int64_t anneal_steps = 0;
  double anneal_share = 0.85;
  /// 0: the likelihood is exact. Else each step's softmax is over the items of its users and at
  /// least so many others, drawn in proportion to (users of the item)^sampling_exponent and counted
  /// for those that they stand for; the lists are exact all the same.
  std::int64_t sampled_softmax = 0;
  double sampling_exponent = 0.75;
  nn::OptimizerOptions optimizer = nn::adam(1e-3);
  std::int64_t epochs = 200, batch_size = 500;
  nn::EarlyStopping early_stopping = {};  ///< monitor "": valid_ndcg@100
  std::uint64_t seed = 1;
  Precision precision = Precision::kFp32;
};

/// A user's items, scaled to length 1, go through layers with tanh to a normal distribution over
/// latent factors (a point, in Mult-DAE), and back to a score for every item: the logits of a
/// multinomial distribution, under which the user's items are to be likely.
class MultVae final : public Autoencoder {
 public:
  explicit MultVae(MultVaeOptions options);

  [[nodiscard]] std::string_view type() const override {
    return options_.variational ? "mult-vae" : "mult-dae";
  }

 private:
  [[nodiscard]] std::unique_ptr<detail::AutoencoderForm> make_form(
      std::int64_t items) const override;

  MultVaeOptions options_;
};

}  // namespace bascule
