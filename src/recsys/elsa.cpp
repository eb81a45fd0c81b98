#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <bascule/nn/initializer.h>
#include <bascule/recsys/elsa.h>

#include "recsys/autoencoder_form.h"
#include "recsys/elsa_training.h"

namespace bascule {
namespace {

class Form final : public detail::AutoencoderForm {
 public:
  Form(const ElsaOptions& options, std::int64_t items) : options_(options), items_(items) {}

  [[nodiscard]] std::vector<detail::ModelParameter> parameters() const override {
    return {{std::string(detail::kElsaItems), {items_, options_.factors}}};
  }
  Status initialize(VariableStore& store, ThreadPool& pool) const override;
  [[nodiscard]] Graph scoring_graph(std::int64_t batch, std::int64_t capacity) const override {
    return detail::elsa_scoring_graph(options_, items_, batch, capacity, false);
  }
  Result<std::unique_ptr<detail::UserTraining>> training(const LearnRequest& request,
                                                         const Recommender& model,
                                                         VariableStore& store,
                                                         ThreadPool& pool) const override {
    BASCULE_ASSIGN(auto training,
                   detail::ElsaTraining::make(options_, request, model, store, pool));
    return std::unique_ptr<detail::UserTraining>(std::move(training));
  }
  Status finish(VariableStore& store, ThreadPool& pool) const override;
  [[nodiscard]] Graph serving_graph(std::int64_t batch, std::int64_t capacity) const override {
    return detail::elsa_scoring_graph(options_, items_, batch, capacity, true);
  }
  [[nodiscard]] bool subtracts_input() const override { return true; }
  /// Rows of length 1, and the gradient by them.
  [[nodiscard]] std::int64_t extra_numbers() const override { return items_ * options_.factors; }
  [[nodiscard]] std::vector<ModelLayer> layers(const CompressedView& interactions) const override;

 private:
  const ElsaOptions& options_;
  std::int64_t items_;
};

Status Form::initialize(VariableStore& store, ThreadPool& pool) const {
  const detail::ModelParameter p = parameters().front();
  std::vector<float> values(static_cast<std::size_t>(p.shape.count()));
  BASCULE_TRY(nn::initialize({nn::Initializer::Kind::kGlorotUniform}, p.shape,
                             {p.shape[0], p.shape[1]}, options_.seed, nn::name_stream(p.name),
                             values, pool));
  return store.write(p.name, std::span<const float>(values));
}

Status Form::finish(VariableStore& store, ThreadPool& pool) const {
  const std::string name(detail::kElsaItems);
  BASCULE_ASSIGN(std::vector<float> rows, store.values<float>(name));
  const auto width = static_cast<std::size_t>(options_.factors);
  const Chunks chunks{items_, 256};
  pool.run(chunks.chunks(), [&](std::int64_t chunk, int) {
    for (std::int64_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      const auto row = std::span(rows).subspan(static_cast<std::size_t>(i) * width, width);
      double squares = 0;
      for (const float v : row) squares += double{v} * double{v};
      if (squares == 0) continue;
      const double factor = 1 / std::sqrt(squares);
      for (float& v : row) v = static_cast<float>(v * factor);
    }
  });
  return store.write(name, std::span<const float>(rows));
}

std::vector<ModelLayer> Form::layers(const CompressedView& interactions) const {
  constexpr double kPasses = 3;  // forward, and back to both factors of a product
  const auto width = static_cast<double>(options_.factors);
  const auto users = static_cast<double>(interactions.majors);
  const double steps = std::ceil(users / static_cast<double>(options_.batch_size));
  const double stored = 2 * static_cast<double>(interactions.nonzeros());
  const double gram = kPasses * (steps * static_cast<double>(items_) + users) * width;
  return {
      {"items", "sparse dense", options_.factors, items_ * options_.factors, 2 * stored * width},
      {"gram", "product of the items' rows", options_.factors, 0, 2 * gram * width}};
}

}  // namespace

Elsa::Elsa(ElsaOptions options)
    : Autoencoder({0, options.optimizer, options.epochs, options.batch_size, options.early_stopping,
                   options.seed, options.precision}),
      options_(std::move(options)) {}

std::unique_ptr<detail::AutoencoderForm> Elsa::make_form(std::int64_t items) const {
  return std::make_unique<Form>(options_, items);
}

Result<std::vector<Recommendation>> Elsa::similar_items(std::int32_t item,
                                                        const SimilarOptions& options) const {
  BASCULE_TRY(check_item(item));
  // What somebody is recommended who has the item alone.
  const std::int64_t offsets[2] = {0, 1};
  const float one = 1;
  const std::unique_ptr<Scratch> scratch = make_scratch();
  const ScoreRows row = score({1, items(), offsets, &item, &one}, 0, 1, *scratch);
  BASCULE_TRY(device_status());
  return most_alike(item, options, {row.data, row.data + items()});
}

std::string elsa_instead(const CompressedView& interactions) {
  return fmt::format("take model.type elsa, its factorised form, in {:.1f} GB",
                     static_cast<double>(Elsa({}).fit_bytes(interactions)) * 1e-9);
}

}  // namespace bascule
