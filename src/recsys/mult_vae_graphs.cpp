#include "recsys/mult_vae_graphs.h"

#include <fmt/format.h>

#include <bascule/graph/ops.h>

#include "nn/step_graphs.h"

namespace bascule::detail {
namespace {

/// Stream of the normal numbers; there are no others in the graph.
constexpr std::uint64_t kSampleStream = 1;

std::string layer_name(std::string_view part, std::size_t layer, std::string_view what) {
  return fmt::format("{}_{}.{}", part, layer + 1, what);
}

/// One of the two halves: x through dense layers, with tanh between them.
class Half {
 public:
  Half(Graph& graph, std::string_view part, const std::vector<std::int64_t>& widths)
      : graph_(graph), part_(part), widths_(widths) {}

  Value run(Value x) const {
    for (std::size_t layer = 0; layer + 1 < widths_.size(); ++layer) {
      if (layer > 0) x = tanh(x);
      const Value w = graph_.variable(layer_name(part_, layer, "weight"),
                                      f32({widths_[layer], widths_[layer + 1]}));
      const Value bias =
          graph_.variable(layer_name(part_, layer, "bias"), f32({widths_[layer + 1]}));
      const bool sparse = x.type().storage == Storage::kCsr;
      x = (sparse ? sparse_matmul(x, w) : matmul(x, w)) + bias;
    }
    return x;
  }

 private:
  Graph& graph_;
  std::string_view part_;
  const std::vector<std::int64_t>& widths_;
};

struct Encoded {
  Value mean, log_variance;  ///< the latter of a variational encoder only
};
Encoded encode(Graph& graph, const VaeForm& form, const Value& x) {
  const Value last = Half(graph, "encoder", form.encoder).run(x);
  if (!form.variational) return {tanh(last), {}};
  return {slice(last, 1, 0, form.latent), slice(last, 1, form.latent, 2 * form.latent)};
}
Value decode(Graph& graph, const VaeForm& form, const Value& z) {
  return Half(graph, "decoder", form.decoder).run(z);
}

/// multinomial_nll() of counts that are stored dense, too.
Value negative_log_likelihood(const Value& logits, const Value& counts) {
  if (counts.type().storage == Storage::kCsr) return multinomial_nll(logits, counts);
  return -sum(log_softmax(logits) * counts, {1});
}

/// Of each user the divergence of N(mean, variance) from N(0, 1), over all factors.
Value divergence(const Encoded& e) {
  const Value terms = exp(e.log_variance) + square(e.mean) - e.log_variance;
  return scale(sum(offset(terms, -1), {1}), 0.5);
}

}  // namespace

VaeForm::VaeForm(const MultVaeOptions& options, std::int64_t items)
    : latent(options.latent), variational(options.variational) {
  encoder = {items};
  encoder.insert(encoder.end(), options.hidden.begin(), options.hidden.end());
  encoder.push_back(variational ? 2 * latent : latent);
  decoder = {latent};
  decoder.insert(decoder.end(), options.hidden.rbegin(), options.hidden.rend());
  decoder.push_back(items);
}

std::vector<ModelParameter> vae_parameters(const VaeForm& form) {
  std::vector<ModelParameter> all;
  for (const auto& [part, widths] :
       {std::pair{"encoder", &form.encoder}, {"decoder", &form.decoder}}) {
    for (std::size_t layer = 0; layer + 1 < widths->size(); ++layer) {
      all.push_back({layer_name(part, layer, "weight"), {(*widths)[layer], (*widths)[layer + 1]}});
      all.push_back({layer_name(part, layer, "bias"), {(*widths)[layer + 1]}});
    }
  }
  return all;
}

Graph vae_training_graph(const VaeForm& form, const MultVaeOptions& options, std::int64_t batch,
                         std::int64_t capacity, std::int64_t anneal_steps, bool dense_feed) {
  Graph graph;
  const Shape shape = {batch, form.items()};
  const ValueType users = dense_feed ? f32(shape) : csr_f32(shape, capacity);
  const Value x = graph.input("x", users), targets = graph.input("targets", users);
  const Value step = graph.variable("step", i64({}), VariableRole::kControl);
  const Encoded encoded = encode(graph, form, x);
  Value z = encoded.mean;
  if (form.variational) {
    const Value noise = random_normal(step, z.shape(), options.seed, kSampleStream);
    z = z + noise * exp(scale(encoded.log_variance, 0.5));
  }
  Value losses = negative_log_likelihood(decode(graph, form, z), targets);
  if (form.variational) {
    const double slope = options.beta / static_cast<double>(anneal_steps);
    const Value beta =
        minimum(scale(cast(step, DType::kF32), slope), graph.constant(options.beta, f32({})));
    losses = losses + beta * divergence(encoded);
  }
  std::vector<Value> parameters;
  for (const ModelParameter& p : vae_parameters(form))
    parameters.push_back(graph.variable(p.name, f32(p.shape)));
  nn::minimize(graph, mean(losses), parameters, options.optimizer);
  nn::add_to_sum(graph, nn::kLossSum, losses);
  graph.assign(step, increment(step));
  return graph;
}

Graph vae_scoring_graph(const VaeForm& form, std::int64_t batch, std::int64_t capacity) {
  Graph graph;
  const Value x = graph.input("x", csr_f32({batch, form.items()}, capacity));
  graph.output("scores", decode(graph, form, encode(graph, form, x).mean));
  return graph;
}

}  // namespace bascule::detail
