#pragma once
// RecVAE: I. Shenbin, A. Alekseev, E. Tutubalina, V. Malykh, S. Nikolenko, "RecVAE: a New
// Variational Autoencoder for Top-N Recommendations with Implicit Feedback", WSDM 2020.
#include <cstdint>
#include <memory>
#include <string_view>

#include <bascule/recsys/autoencoder.h>

namespace bascule {

struct RecVaeOptions {
  /// Of the encoder's layers, and how many there are; latent factors.
  std::int64_t width = 600, depth = 5, latent = 200;
  double dropout = 0.5;  ///< share of a user's items that the encoder learns without, in [0, 1)
  /// Weight of the Kullback-Leibler divergence of a user, for each unit of the sum of his values
  /// (his items, when they count 1). 0: `beta` for all users.
  double gamma = 0.005;
  double beta = 0.2;
  /// Passes over the users in an epoch, in which the encoder or the decoder learns. > 0
  std::int64_t encoder_passes = 3, decoder_passes = 1;
  nn::OptimizerOptions optimizer = nn::adam(5e-4);
  std::int64_t epochs = 50, batch_size = 500;
  nn::EarlyStopping early_stopping = {};  ///< monitor "": valid_ndcg@100
  std::uint64_t seed = 1;
  Precision precision = Precision::kFp32;
};

/// A user's items, scaled to length 1, go through densely connected layers to a normal distribution
/// over latent factors, and from there by one product to the logits of a multinomial distribution.
/// The distribution is held to a mixture of which the encoder before this epoch is a part. The
/// encoder learns without some of the items, the decoder with all of them, in turn.
class RecVae final : public Autoencoder {
 public:
  explicit RecVae(RecVaeOptions options);

  [[nodiscard]] std::string_view type() const override { return "recvae"; }

 private:
  [[nodiscard]] std::unique_ptr<detail::AutoencoderForm> make_form(
      std::int64_t items) const override;

  RecVaeOptions options_;
};

}  // namespace bascule
