#include <array>

#include <fmt/format.h>

#include <bascule/base/config.h>
#include <bascule/graph/ops.h>
#include <bascule/nn/layer.h>

namespace bascule::nn {
namespace {

struct Activation {
  std::string_view name;
  Value (*apply)(const Value&);
};

constexpr std::array kActivations = {
    Activation{"linear", [](const Value& x) { return x; }},
    Activation{"relu", [](const Value& x) { return relu(x); }},
    Activation{"leaky_relu", [](const Value& x) { return leaky_relu(x); }},
    Activation{"elu", [](const Value& x) { return elu(x); }},
    Activation{"gelu", [](const Value& x) { return gelu(x); }},
    Activation{"gelu_tanh", [](const Value& x) { return gelu_tanh(x); }},
    Activation{"silu", [](const Value& x) { return silu(x); }},
    Activation{"tanh", [](const Value& x) { return tanh(x); }},
    Activation{"sigmoid", [](const Value& x) { return sigmoid(x); }},
    Activation{"softmax", [](const Value& x) { return softmax(x); }},
    Activation{"log_softmax", [](const Value& x) { return log_softmax(x); }},
};

}  // namespace

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  names.reserve(kActivations.size());
  for (const Activation& one : kActivations) names.emplace_back(one.name);
  return names;
}

Value apply_activation(const std::string& name, const Value& x) {
  for (const Activation& one : kActivations) {
    if (one.name == name) return one.apply(x);
  }
  const auto near = nearest_word(name, activation_names());
  throw GraphError("activation", fmt::format("{} is unknown{}", name,
                                             near ? fmt::format("; did you mean {}?", *near) : ""));
}

}  // namespace bascule::nn
