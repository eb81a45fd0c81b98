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

  [[nodiscard]] std::size_t layers() const { return widths_.size() - 1; }
  /// Through the first `layers` of them.
  [[nodiscard]] Value run(Value x, std::size_t layers) const {
    for (std::size_t layer = 0; layer < layers; ++layer) {
      if (layer > 0) x = tanh(x);
      const Value w = weight(layer, {widths_[layer], widths_[layer + 1]});
      const bool sparse = x.type().storage == Storage::kCsr;
      x = (sparse ? sparse_matmul(x, w) : matmul(x, w)) + bias(layer);
    }
    return x;
  }
  /// What the last layer takes.
  [[nodiscard]] Value before_last(const Value& x) const {
    return layers() == 1 ? x : tanh(run(x, layers() - 1));
  }
  /// The last layer's weights as rows [out, in], and its bias.
  [[nodiscard]] Value last_rows() const {
    return weight(layers() - 1, {widths_.back(), widths_[layers() - 1]});
  }
  [[nodiscard]] Value last_bias() const { return bias(layers() - 1); }

 private:
  [[nodiscard]] Value weight(std::size_t layer, const Shape& shape) const {
    return graph_.variable(layer_name(part_, layer, "weight"), f32(shape));
  }
  [[nodiscard]] Value bias(std::size_t layer) const {
    return graph_.variable(layer_name(part_, layer, "bias"), f32({widths_[layer + 1]}));
  }

  Graph& graph_;
  std::string_view part_;
  const std::vector<std::int64_t>& widths_;
};

struct Encoded {
  Value mean, log_variance;  ///< the latter of a variational encoder only
};
Encoded encode(Graph& graph, const VaeForm& form, const Value& x) {
  const Half encoder(graph, "encoder", form.encoder);
  const Value last = encoder.run(x, encoder.layers());
  if (!form.variational) return {tanh(last), {}};
  return {slice(last, 1, 0, form.latent), slice(last, 1, form.latent, 2 * form.latent)};
}
Value decode(Graph& graph, const VaeForm& form, const Value& z) {
  const Half decoder(graph, "decoder", form.decoder);
  if (!form.output_rows) return decoder.run(z, decoder.layers());
  return matmul(decoder.before_last(z), decoder.last_rows(), false, true) + decoder.last_bias();
}
/// Logits of some items.
Value decode_candidates(Graph& graph, const VaeForm& form, const Value& z, const Value& items) {
  const Half decoder(graph, "decoder", form.decoder);
  const Value rows = gather_rows(decoder.last_rows(), items);
  const Value bias = gather_rows(reshape(decoder.last_bias(), {form.items(), 1}), items);
  return matmul(decoder.before_last(z), rows, false, true) + reshape(bias, items.shape());
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

/// A step of the optimizer, whose loss has for each user what `likelihood` makes of his factors.
template <class Likelihood>
void add_step(Graph& graph, const VaeForm& form, const MultVaeOptions& options,
              std::int64_t anneal_steps, const Value& x, const Likelihood& likelihood) {
  const Value step = graph.variable("step", i64({}), VariableRole::kControl);
  const Encoded encoded = encode(graph, form, x);
  Value z = encoded.mean;
  if (form.variational) {
    const Value noise = random_normal(step, z.shape(), options.seed, kSampleStream);
    z = z + noise * exp(scale(encoded.log_variance, 0.5));
  }
  Value losses = likelihood(z);
  if (form.variational) {
    const double slope = options.beta / static_cast<double>(anneal_steps);
    const Value beta =
        minimum(scale(cast(step, DType::kF32), slope), graph.constant(options.beta, f32({})));
    losses = losses + beta * divergence(encoded);
  }
  std::vector<Value> parameters;
  for (const ModelParameter& p : vae_parameters(form))
    parameters.push_back(graph.variable(p.name, f32(p.shape)));
  nn::OptimizerOptions optimizer = options.optimizer;
  // Of a large catalogue a step touches few items.
  optimizer.lazy = form.output_rows;
  nn::minimize(graph, mean(losses), parameters, optimizer);
  nn::add_to_sum(graph, nn::kLossSum, losses);
  graph.assign(step, increment(step));
}

}  // namespace

VaeForm::VaeForm(const MultVaeOptions& options, std::int64_t items)
    : latent(options.latent),
      variational(options.variational),
      output_rows(options.sampled_softmax > 0) {
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
      const std::int64_t in = (*widths)[layer], out = (*widths)[layer + 1];
      const bool last = widths == &form.decoder && layer + 2 == widths->size();
      const bool rows = form.output_rows && last;
      all.push_back({layer_name(part, layer, "weight"), rows ? Shape{out, in} : Shape{in, out}});
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
  add_step(graph, form, options, anneal_steps, x, [&](const Value& z) {
    return negative_log_likelihood(decode(graph, form, z), targets);
  });
  return graph;
}

Graph vae_sampled_graph(const VaeForm& form, const MultVaeOptions& options, std::int64_t batch,
                        std::int64_t capacity, std::int64_t anneal_steps, std::int64_t candidates) {
  Graph graph;
  const Value x = graph.input("x", csr_f32({batch, form.items()}, capacity));
  const Value targets = graph.input("targets", csr_f32({batch, candidates}, capacity));
  const Value items = graph.input("candidates", i32({candidates}));
  const Value log_weights = graph.input("log_weights", f32({candidates}));
  add_step(graph, form, options, anneal_steps, x, [&](const Value& z) {
    return negative_log_likelihood(decode_candidates(graph, form, z, items) + log_weights, targets);
  });
  return graph;
}

Graph vae_scoring_graph(const VaeForm& form, std::int64_t batch, std::int64_t capacity) {
  Graph graph;
  const Value x = graph.input("x", csr_f32({batch, form.items()}, capacity));
  graph.output("scores", decode(graph, form, encode(graph, form, x).mean));
  return graph;
}

}  // namespace bascule::detail
