#include <utility>

#include <fmt/format.h>

#include <bascule/nn/initializer.h>
#include <bascule/recsys/rec_vae.h>

#include "recsys/autoencoder_form.h"
#include "recsys/rec_vae_training.h"

namespace bascule {
namespace {

class Form final : public detail::AutoencoderForm {
 public:
  Form(const RecVaeOptions& options, std::int64_t items)
      : options_(options), form_(options, items) {}

  [[nodiscard]] std::vector<detail::ModelParameter> parameters() const override {
    std::vector<detail::ModelParameter> all = detail::encoder_parameters(form_);
    for (detail::ModelParameter& p : detail::decoder_parameters(form_)) all.push_back(std::move(p));
    return all;
  }
  Status initialize(VariableStore& store, ThreadPool& pool) const override;
  [[nodiscard]] Graph scoring_graph(std::int64_t batch, std::int64_t capacity) const override {
    return detail::recvae_scoring_graph(form_, batch, capacity);
  }
  Result<std::unique_ptr<detail::UserTraining>> training(const LearnRequest& request,
                                                         const Recommender& model,
                                                         VariableStore& store,
                                                         ThreadPool& pool) const override {
    BASCULE_ASSIGN(auto training,
                   detail::RecVaeTraining::make(options_, form_, request, model, store, pool));
    return std::unique_ptr<detail::UserTraining>(std::move(training));
  }
  [[nodiscard]] std::int64_t extra_numbers() const override {
    std::int64_t numbers = 0;
    for (const detail::ModelParameter& p : detail::encoder_parameters(form_))
      numbers += p.shape.count();
    return numbers;
  }
  [[nodiscard]] std::vector<ModelLayer> layers(const CompressedView& interactions) const override;

 private:
  const RecVaeOptions& options_;
  detail::RecVaeForm form_;
};

/// As PyTorch's layers, which the published code is made of.
Status Form::initialize(VariableStore& store, ThreadPool& pool) const {
  using nn::Initializer;
  nn::Fans fans;
  for (const detail::ModelParameter& p : parameters()) {
    // A bias is drawn by the width of what comes into its layer, whose weight is before it.
    if (p.shape.rank() == 2) fans = {p.shape[0], p.shape[1]};
    Initializer kind{Initializer::Kind::kTorchLinear};
    if (p.name.starts_with("norm_"))
      kind = {Initializer::Kind::kConstant, p.name.ends_with(".weight") ? 1.0 : 0.0};
    std::vector<float> values(static_cast<std::size_t>(p.shape.count()));
    BASCULE_TRY(
        nn::initialize(kind, p.shape, fans, options_.seed, nn::name_stream(p.name), values, pool));
    BASCULE_TRY(store.write(p.name, std::span<const float>(values)));
  }
  return {};
}

std::vector<ModelLayer> Form::layers(const CompressedView& interactions) const {
  const auto users = static_cast<double>(interactions.majors);
  const auto stored = static_cast<double>(interactions.nonzeros());
  const auto encoder = static_cast<double>(options_.encoder_passes);
  const auto decoder = static_cast<double>(options_.decoder_passes);
  // The encoder goes forward and back to both factors of its products, and once more as the
  // prior's; in the decoder's passes it goes forward. The decoder goes forward, and back to one
  // factor.
  const double dense = users * (4 * encoder + decoder), output = users * 2 * (encoder + decoder);
  const double sparse = stored * ((2 * (1 - options_.dropout) + 1) * encoder + decoder);
  std::vector<ModelLayer> rows;
  const auto add = [&](const std::string& name, const char* type, std::int64_t in, std::int64_t out,
                       std::int64_t parameters, double rows_in) {
    rows.push_back({name, type, out, parameters, 2 * rows_in * static_cast<double>(in * out)});
  };
  const std::int64_t items = form_.items, width = form_.width, latent = form_.latent;
  for (std::int64_t layer = 1; layer <= form_.depth; ++layer) {
    const std::string name = fmt::format("encoder_{}", layer);
    if (layer == 1)
      add(name, "sparse dense, silu, layer norm", 1, width, (items + 3) * width, sparse);
    else
      add(name, "dense, silu, layer norm", width, width, (width + 3) * width, dense);
  }
  add("encoder_last", "dense", width, 2 * latent, (width + 1) * 2 * latent, dense);
  add("decoder", "dense", latent, items, (latent + 1) * items, output);
  return rows;
}

}  // namespace

RecVae::RecVae(RecVaeOptions options)
    : Autoencoder({options.dropout, options.optimizer, options.epochs, options.batch_size,
                   options.early_stopping, options.seed, options.precision}),
      options_(std::move(options)) {}

std::unique_ptr<detail::AutoencoderForm> RecVae::make_form(std::int64_t items) const {
  return std::make_unique<Form>(options_, items);
}

}  // namespace bascule
