#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <bascule/recsys/mult_vae.h>

#include "recsys/autoencoder_form.h"
#include "recsys/vae_parameters.h"
#include "recsys/vae_training.h"

namespace bascule {
namespace {

class MultVaeForm final : public detail::AutoencoderForm {
 public:
  MultVaeForm(const MultVaeOptions& options, std::int64_t items)
      : options_(options), form_(options, items) {}

  [[nodiscard]] std::vector<detail::ModelParameter> parameters() const override {
    return detail::vae_parameters(form_);
  }
  Status initialize(VariableStore& store, ThreadPool& pool) const override {
    return detail::initialize_vae(form_, options_.seed, store, pool);
  }
  [[nodiscard]] Graph scoring_graph(std::int64_t batch, std::int64_t capacity) const override {
    return detail::vae_scoring_graph(form_, batch, capacity);
  }
  Result<std::unique_ptr<detail::UserTraining>> training(const LearnRequest& request,
                                                         const Recommender& model,
                                                         VariableStore& store,
                                                         ThreadPool& pool) const override {
    BASCULE_ASSIGN(auto training,
                   detail::VaeTraining::make(options_, form_, request, model, store, pool));
    return std::unique_ptr<detail::UserTraining>(std::move(training));
  }
  [[nodiscard]] std::int64_t step_numbers(const CompressedView& interactions,
                                          std::int64_t users) const override {
    return users * outputs(interactions, users);
  }
  [[nodiscard]] std::vector<ModelLayer> layers(const CompressedView& interactions) const override;

 private:
  /// Items of a step's softmax, at most.
  [[nodiscard]] std::int64_t outputs(const CompressedView& interactions, std::int64_t users) const {
    if (options_.sampled_softmax == 0) return form_.items();
    return std::min(form_.items(),
                    options_.sampled_softmax + detail::largest_batch(interactions, users));
  }

  const MultVaeOptions& options_;
  detail::VaeForm form_;
};

std::vector<ModelLayer> MultVaeForm::layers(const CompressedView& interactions) const {
  constexpr double kPasses = 3;  // forward, and back to both factors of a product
  const auto users = static_cast<double>(interactions.majors);
  const double kept = static_cast<double>(interactions.nonzeros()) * (1 - options_.dropout);
  std::vector<ModelLayer> rows;
  for (const auto& [part, widths] :
       {std::pair{"encoder", &form_.encoder}, {"decoder", &form_.decoder}}) {
    for (std::size_t i = 0; i + 1 < widths->size(); ++i) {
      const std::int64_t in = (*widths)[i], out = (*widths)[i + 1];
      const bool sparse = rows.empty();
      const bool last = widths == &form_.decoder && i + 2 == widths->size();
      const std::int64_t computed =
          last ? outputs(interactions, std::min(options_.batch_size, interactions.majors)) : out;
      const double products = sparse ? 2 * kept : kPasses * users * static_cast<double>(in);
      rows.push_back({fmt::format("{}_{}", part, i + 1), sparse ? "sparse dense" : "dense", out,
                      in * out + out, 2 * products * static_cast<double>(computed)});
    }
  }
  return rows;
}

}  // namespace

MultVae::MultVae(MultVaeOptions options)
    : Autoencoder({options.dropout, options.optimizer, options.epochs, options.batch_size,
                   options.early_stopping, options.seed, options.precision}),
      options_(std::move(options)) {}

std::unique_ptr<detail::AutoencoderForm> MultVae::make_form(std::int64_t items) const {
  return std::make_unique<MultVaeForm>(options_, items);
}

}  // namespace bascule
