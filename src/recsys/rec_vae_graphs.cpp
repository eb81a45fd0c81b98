#include "recsys/rec_vae_graphs.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include <bascule/graph/ops.h>

#include "nn/layers/normalise_rows.h"
#include "nn/step_graphs.h"

namespace bascule::detail {
namespace {

constexpr std::uint64_t kSampleStream = 1;
// As published: ε of the layer norms, and the mixture of the prior.
constexpr double kNormEpsilon = 0.1;
constexpr double kStandardShare = 3.0 / 20, kPreviousShare = 3.0 / 4, kWideShare = 1.0 / 10;
constexpr double kWideLogVariance = 10;

struct Encoded {
  Value mean, log_variance;
};

/// Variables of one of the encoders, or of the decoder.
class Variables {
 public:
  Variables(Graph& graph, bool previous) : graph_(graph), previous_(previous) {}

  [[nodiscard]] Value get(const ModelParameter& p) const {
    if (!previous_) return graph_.variable(p.name, f32(p.shape));
    return graph_.variable(previous_name(p.name), f32(p.shape), VariableRole::kState);
  }
  [[nodiscard]] Value get(const std::string& name, const Shape& shape) const {
    return get(ModelParameter{name, shape});
  }

 private:
  Graph& graph_;
  bool previous_;
};

Value dense(const Variables& variables, const std::string& name, const Value& x, std::int64_t in,
            std::int64_t out) {
  const Value w = variables.get(name + ".weight", {in, out});
  return matmul(x, w) + variables.get(name + ".bias", {out});
}

/// Every layer sees the sum of all before it. Rows of x are multiplied by `row_scale`, if any.
Encoded encode(const RecVaeForm& form, const Variables& variables, const Value& x,
               const Value* row_scale) {
  Value before = sparse_matmul(x, variables.get("encoder_1.weight", {form.items, form.width}));
  if (row_scale != nullptr) before = before * *row_scale;
  before = before + variables.get("encoder_1.bias", {form.width});
  Value sum_of_layers, h;
  for (std::int64_t layer = 1; layer <= form.depth; ++layer) {
    if (layer > 1)
      before = dense(variables, fmt::format("encoder_{}", layer), h, form.width, form.width) +
               sum_of_layers;
    const auto norm = [&](const char* what) {
      return variables.get(fmt::format("norm_{}.{}", layer, what), {form.width});
    };
    h = nn::normalise_rows(silu(before), norm("weight"), norm("bias"), kNormEpsilon);
    sum_of_layers = layer == 1 ? h : sum_of_layers + h;
  }
  const Value last = dense(variables, "encoder_last", h, form.width, 2 * form.latent);
  return {slice(last, 1, 0, form.latent), slice(last, 1, form.latent, 2 * form.latent)};
}

Value decode(const RecVaeForm& form, const Variables& variables, const Value& z) {
  return dense(variables, "decoder", z, form.latent, form.items);
}

/// Logarithm of a normal density, less the constant that all of them have.
Value log_density(const Value& z, const Encoded& e) {
  return scale(e.log_variance + square(z - e.mean) * exp(-e.log_variance), -0.5);
}
Value log_density(const Value& z, double log_variance) {
  return scale(offset(scale(square(z), std::exp(-log_variance)), log_variance), -0.5);
}
Value log_sum_exp(const Value& a, const Value& b) {
  return b + softplus(a - b);
}

/// Of each factor the logarithm of the composite prior's density.
Value log_prior(const Value& z, const Encoded& previous) {
  const Value standard = offset(log_density(z, 0.0), std::log(kStandardShare));
  const Value wide = offset(log_density(z, kWideLogVariance), std::log(kWideShare));
  const Value before = offset(log_density(z, previous), std::log(kPreviousShare));
  return log_sum_exp(log_sum_exp(standard, wide), before);
}

struct Sampled {
  Value noise, z;
};
Sampled sample(const Encoded& e, const Value& step, std::uint64_t seed) {
  const Value noise = random_normal(step, e.mean.shape(), seed, kSampleStream);
  return {noise, e.mean + noise * exp(scale(e.log_variance, 0.5))};
}

/// The step's end: `parameters` learn, and everything is counted.
void learn(Graph& graph, const Value& losses, const std::vector<ModelParameter>& parameters,
           const RecVaeOptions& options, const Value& step, const std::string& counter) {
  std::vector<Value> values;
  const Variables variables(graph, false);
  for (const ModelParameter& p : parameters) values.push_back(variables.get(p));
  nn::minimize(graph, mean(losses), values, options.optimizer, counter);
  nn::add_to_sum(graph, nn::kLossSum, losses);
  const Value counted = graph.variable(counter, i64({}), VariableRole::kControl);
  graph.assign(counted, increment(counted));
  graph.assign(step, increment(step));
}

}  // namespace

std::string previous_name(const std::string& parameter) {
  return "previous." + parameter;
}

std::vector<ModelParameter> encoder_parameters(const RecVaeForm& form) {
  std::vector<ModelParameter> all;
  const auto add = [&](const std::string& name, std::int64_t in, std::int64_t out) {
    all.push_back({name + ".weight", {in, out}});
    all.push_back({name + ".bias", {out}});
  };
  for (std::int64_t layer = 1; layer <= form.depth; ++layer) {
    add(fmt::format("encoder_{}", layer), layer == 1 ? form.items : form.width, form.width);
    for (const char* what : {"weight", "bias"})
      all.push_back({fmt::format("norm_{}.{}", layer, what), {form.width}});
  }
  add("encoder_last", form.width, 2 * form.latent);
  return all;
}

std::vector<ModelParameter> decoder_parameters(const RecVaeForm& form) {
  return {{"decoder.weight", {form.latent, form.items}}, {"decoder.bias", {form.items}}};
}

Graph encoder_step_graph(const RecVaeForm& form, const RecVaeOptions& options, std::int64_t batch,
                         std::int64_t capacity) {
  Graph graph;
  const ValueType users = csr_f32({batch, form.items}, capacity);
  const Value x = graph.input("x", users), targets = graph.input("targets", users);
  const Value row_scale = graph.input("scale", f32({batch, 1}));
  const Value weight = graph.input("divergence", f32({batch}));
  const Value step = graph.variable("step", i64({}), VariableRole::kControl);
  const Variables current(graph, false), before(graph, true);
  const Encoded encoded = encode(form, current, x, nullptr);
  const Sampled s = sample(encoded, step, options.seed);
  const Value likelihood = multinomial_nll(decode(form, current, s.z), targets);
  // (z − mean)² / variance of the sample's own distribution is the square of its noise.
  const Value own = scale(encoded.log_variance + square(s.noise), -0.5);
  const Value prior = log_prior(s.z, encode(form, before, targets, &row_scale));
  const Value losses = likelihood + sum(own - prior, {1}) * weight;
  learn(graph, losses, encoder_parameters(form), options, step, "encoder.step");
  return graph;
}

Graph decoder_step_graph(const RecVaeForm& form, const RecVaeOptions& options, std::int64_t batch,
                         std::int64_t capacity) {
  Graph graph;
  const Value targets = graph.input("targets", csr_f32({batch, form.items}, capacity));
  const Value row_scale = graph.input("scale", f32({batch, 1}));
  const Value step = graph.variable("step", i64({}), VariableRole::kControl);
  const Variables current(graph, false);
  const Encoded encoded = encode(form, current, targets, &row_scale);
  const Value z = sample(encoded, step, options.seed).z;
  const Value losses = multinomial_nll(decode(form, current, z), targets);
  learn(graph, losses, decoder_parameters(form), options, step, "decoder.step");
  return graph;
}

Graph previous_encoder_graph(const RecVaeForm& form) {
  Graph graph;
  const Variables current(graph, false), before(graph, true);
  for (const ModelParameter& p : encoder_parameters(form))
    graph.assign(before.get(p), current.get(p));
  return graph;
}

Graph recvae_scoring_graph(const RecVaeForm& form, std::int64_t batch, std::int64_t capacity) {
  Graph graph;
  const Variables variables(graph, false);
  const Value x = graph.input("x", csr_f32({batch, form.items}, capacity));
  graph.output("scores", decode(form, variables, encode(form, variables, x, nullptr).mean));
  return graph;
}

}  // namespace bascule::detail
