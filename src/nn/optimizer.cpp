#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>

#include <bascule/base/config.h>
#include <bascule/graph/grad.h>
#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>
#include <bascule/nn/optimizer.h>

namespace bascule::nn {
namespace {

/// What an update rule is given, and what it gives: the new parameter, then the new states.
struct Update {
  const OptimizerOptions& options;
  const Value &weight, &gradient, &lr;
  const std::vector<Value>& states;
  std::function<Value()> step;
  bool lazy;
};

struct Rule {
  std::string_view type;
  std::vector<std::string_view> states;
  std::vector<Value> (*apply)(const Update&);
  void (*defaults)(OptimizerOptions&);
};

std::vector<Value> apply_momentum(const Update& u, bool nesterov) {
  return momentum_update(u.weight, u.states[0], u.gradient, u.lr, u.options.momentum, nesterov,
                         u.options.style != "torch", u.options.weight_decay, u.lazy);
}

std::vector<Value> apply_adam(const Update& u, double decay, double decoupled) {
  return adam_update(u.weight, u.states[0], u.states[1], u.gradient, u.lr, u.step(),
                     u.options.beta1, u.options.beta2, u.options.epsilon, decay, decoupled, u.lazy);
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> table = {
      {"sgd",
       {},
       [](const Update& u) {
         return sgd_update(u.weight, u.gradient, u.lr, u.options.weight_decay, u.lazy);
       },
       [](OptimizerOptions&) {}},
      {"momentum",
       {"velocity"},
       [](const Update& u) { return apply_momentum(u, false); },
       [](OptimizerOptions&) {}},
      {"nesterov",
       {"velocity"},
       [](const Update& u) { return apply_momentum(u, true); },
       [](OptimizerOptions&) {}},
      {"rmsprop",
       {"square"},
       [](const Update& u) {
         return rmsprop_update(u.weight, u.states[0], u.gradient, u.lr, u.options.rho,
                               u.options.epsilon, u.options.weight_decay, u.lazy);
       },
       [](OptimizerOptions&) {}},
      {"adam",
       {"mean", "square"},
       [](const Update& u) { return apply_adam(u, u.options.weight_decay, 0); },
       [](OptimizerOptions& o) { o.lr = 0.001; }},
      {"adamw",
       {"mean", "square"},
       [](const Update& u) { return apply_adam(u, 0, u.options.weight_decay); },
       [](OptimizerOptions& o) {
         o.lr = 0.001;
         o.weight_decay = 0.01;
       }},
      {"lion",
       {"mean"},
       [](const Update& u) {
         return lion_update(u.weight, u.states[0], u.gradient, u.lr, u.options.beta1,
                            u.options.beta2, u.options.weight_decay);
       },
       [](OptimizerOptions& o) {
         o.lr = 1e-4;
         o.beta2 = 0.99;
       }},
  };
  return table;
}

const Rule* find_rule(std::string_view type) {
  for (const Rule& rule : rules()) {
    if (rule.type == type) return &rule;
  }
  return nullptr;
}

std::string unknown(const std::string& type) {
  const auto near = nearest_word(type, optimizer_names());
  return fmt::format("unknown optimizer {}{}", type,
                     near ? fmt::format("; did you mean {}?", *near) : "");
}

/// Whether the gradient is zero but in the rows that a step touches.
bool has_sparse_rows(const Graph& graph, const Value& gradient) {
  const std::string_view op = graph.node(gradient.id().node).op->name;
  return op == "scatter_add_rows" || op == "sparse_matmul_transposed";
}

/// As torch.nn.utils.clip_grad_norm_: times min(1, clip / (norm + 1e-6)).
void clip_by_norm(Graph& graph, std::vector<Value>& gradients, double limit) {
  constexpr double kSmall = 1e-6;
  Value squares;
  for (const Value& g : gradients) {
    const Value one = sum(square(g));
    squares = squares.valid() ? squares + one : one;
  }
  if (!squares.valid()) return;
  const Value factor =
      minimum(scale(reciprocal(offset(sqrt(squares), kSmall)), limit), graph.constant(1, f32({})));
  for (Value& g : gradients) g = g * factor;
}

}  // namespace

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const Rule& rule : rules()) names.emplace_back(rule.type);
  return names;
}

Result<OptimizerOptions> optimizer_defaults(const std::string& type) {
  const Rule* rule = find_rule(type);
  if (rule == nullptr) return Error{Code::kUsage, unknown(type)};
  OptimizerOptions options;
  options.type = type;
  rule->defaults(options);
  return options;
}

OptimizerOptions sgd(double lr) {
  OptimizerOptions options;
  options.lr = lr;
  return options;
}

OptimizerOptions momentum(double lr, double momentum) {
  OptimizerOptions options = sgd(lr);
  options.type = "momentum";
  options.momentum = momentum;
  return options;
}

OptimizerOptions nesterov(double lr, double momentum, std::string style) {
  OptimizerOptions options = nn::momentum(lr, momentum);
  options.type = "nesterov";
  options.style = std::move(style);
  return options;
}

OptimizerOptions adam(double lr) {
  OptimizerOptions options = sgd(lr);
  options.type = "adam";
  return options;
}

OptimizerOptions adamw(double lr, double weight_decay) {
  OptimizerOptions options = sgd(lr);
  options.type = "adamw";
  options.weight_decay = weight_decay;
  return options;
}

void minimize(Graph& graph, const Value& loss, std::span<const Value> parameters,
              const OptimizerOptions& options, const std::string& step_name) {
  const Rule* rule = find_rule(options.type);
  if (rule == nullptr) throw GraphError("optimizer", unknown(options.type));
  if (options.lazy && options.type == "lion")
    throw GraphError("optimizer", "lion has no lazy updates");
  std::vector<Value> gradients = grad(loss, parameters);
  if (options.clip_value > 0) {
    for (Value& g : gradients) g = clip(g, -options.clip_value, options.clip_value);
  }
  if (options.clip_norm > 0) clip_by_norm(graph, gradients, options.clip_norm);
  const Value lr = graph.variable("lr", f32({}), VariableRole::kControl);
  const auto step = [&] {
    return graph.variable(step_name, {DType::kI64, {}}, VariableRole::kControl);
  };
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const Value& weight = parameters[p];
    const std::string& name = graph.node(weight.id().node).attributes.text("name");
    std::vector<Value> states;
    for (const std::string_view state : rule->states)
      states.push_back(graph.variable(fmt::format("optimizer.{}.{}", name, state), weight.type(),
                                      VariableRole::kState));
    const std::vector<Value> next =
        rule->apply({options, weight, gradients[p], lr, states, step,
                     options.lazy && has_sparse_rows(graph, gradients[p])});
    graph.assign(weight, next[0]);
    for (std::size_t s = 0; s < states.size(); ++s) graph.assign(states[s], next[s + 1]);
  }
}

}  // namespace bascule::nn
