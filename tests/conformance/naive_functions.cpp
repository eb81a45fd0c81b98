#include "conformance/naive_functions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>

namespace bascule {
namespace {

using Function = std::function<double(double a, double b, double c, double p)>;

double logistic(double a) {
  return 1 / (1 + std::exp(-a));
}
double gelu(double a) {
  return 0.5 * a * (1 + std::erf(a / std::sqrt(2.0)));
}
double gelu_tanh(double a) {
  return 0.5 * a * (1 + std::tanh(std::sqrt(2 / M_PI) * (a + 0.044715 * std::pow(a, 3))));
}
/// By differences: good to about ten digits.
template <class F>
double slope(F f, double a) {
  constexpr double kStep = 1e-4;
  return (8 * (f(a + kStep) - f(a - kStep)) - (f(a + 2 * kStep) - f(a - 2 * kStep))) / (12 * kStep);
}

const std::map<std::string_view, Function>& functions() {
  static const std::map<std::string_view, Function> all = {
      {"negate", [](double a, double, double, double) { return 0 - a; }},
      {"abs", [](double a, double, double, double) { return std::fabs(a); }},
      {"sign", [](double a, double, double, double) { return double((a > 0) - (a < 0)); }},
      {"exp", [](double a, double, double, double) { return std::pow(M_E, a); }},
      {"log", [](double a, double, double, double) { return std::log2(a) * M_LN2; }},
      {"sqrt", [](double a, double, double, double) { return std::pow(a, 0.5); }},
      {"rsqrt", [](double a, double, double, double) { return std::pow(a, -0.5); }},
      {"reciprocal", [](double a, double, double, double) { return std::pow(a, -1); }},
      {"square", [](double a, double, double, double) { return std::pow(a, 2); }},
      {"tanh", [](double a, double, double, double) { return 2 * logistic(2 * a) - 1; }},
      {"sigmoid", [](double a, double, double, double) { return logistic(a); }},
      {"softplus", [](double a, double, double, double) { return std::log(1 + std::exp(a)); }},
      {"relu", [](double a, double, double, double) { return std::max(a, 0.0); }},
      {"leaky_relu", [](double a, double, double, double p) { return std::max(a, p * a); }},
      {"elu", [](double a, double, double, double p) { return a > 0 ? a : p * (std::exp(a) - 1); }},
      {"gelu", [](double a, double, double, double) { return gelu(a); }},
      {"gelu_tanh", [](double a, double, double, double) { return gelu_tanh(a); }},
      {"silu", [](double a, double, double, double) { return a / (1 + std::exp(-a)); }},
      {"scale", [](double a, double, double, double p) { return a * p; }},
      {"offset", [](double a, double, double, double p) { return p + a; }},
      {"power", [](double a, double, double, double p) { return std::exp(p * std::log(a)); }},
      {"clip_low", [](double a, double, double, double p) { return std::max(a, p); }},
      {"clip_high", [](double a, double, double, double p) { return std::min(a, p); }},
      {"add", [](double a, double b, double, double) { return b + a; }},
      {"subtract", [](double a, double b, double, double) { return -(b - a); }},
      {"multiply", [](double a, double b, double, double) { return b * a; }},
      {"divide", [](double a, double b, double, double) { return a / b; }},
      {"maximum", [](double a, double b, double, double) { return std::fmax(a, b); }},
      {"minimum", [](double a, double b, double, double) { return std::fmin(a, b); }},
      {"greater", [](double a, double b, double, double) { return double(b < a); }},
      {"greater_equal", [](double a, double b, double, double) { return double(b <= a); }},
      {"equal", [](double a, double b, double, double) { return double(b == a); }},
      {"relu_grad", [](double a, double b, double, double) { return a * double(b > 0); }},
      {"leaky_relu_grad", [](double a, double b, double, double p) { return a * (b > 0 ? 1 : p); }},
      // From the result y = p (exp(x) − 1): the slope is p exp(x) = y + p.
      {"elu_grad", [](double a, double b, double, double p) { return b > 0 ? a : a * (p + b); }},
      {"tanh_grad", [](double a, double b, double, double) { return a * (1 + b) * (1 - b); }},
      {"sigmoid_grad", [](double a, double b, double, double) { return a * (b - b * b); }},
      {"silu_grad", [](double a, double b, double,
                       double) { return a * slope([](double x) { return x * logistic(x); }, b); }},
      {"gelu_grad", [](double a, double b, double, double) { return a * slope(gelu, b); }},
      {"gelu_tanh_grad",
       [](double a, double b, double, double) { return a * slope(gelu_tanh, b); }},
      {"select", [](double a, double b, double c, double) { return a == 0 ? c : b; }},
  };
  return all;
}

}  // namespace

double naive_function(std::string_view name, double a, double b, double c, double parameter) {
  const auto at = functions().find(name);
  if (at == functions().end()) throw std::runtime_error("no formula for " + std::string(name));
  return at->second(a, b, c, parameter);
}

NaiveState naive_update(std::string_view op, const Attributes& attributes, NaiveState state,
                        double gradient, double lr, double step) {
  const NaiveState old = state;
  const auto number = [&](std::string_view name) { return attributes.number(name); };
  if (op == "lion_update") {
    const double c = number("beta1") * old.first + (1 - number("beta1")) * gradient;
    const double direction = c == 0 ? 0 : c / std::fabs(c);
    state.w = old.w - lr * (direction + number("decoupled_decay") * old.w);
    state.first = number("beta2") * old.first + (1 - number("beta2")) * gradient;
    return state;
  }
  const double g = gradient + number("decay") * old.w;
  if (op == "sgd_update") {
    state.w = old.w - lr * g;
  } else if (op == "momentum_update") {
    const double mu = number("momentum");
    if (attributes.flag("scaled")) {
      state.first = mu * old.first - lr * g;
      state.w = old.w + (attributes.flag("nesterov") ? mu * state.first - lr * g : state.first);
    } else {
      state.first = mu * old.first + g;
      state.w = old.w - lr * (attributes.flag("nesterov") ? g + mu * state.first : state.first);
    }
  } else if (op == "rmsprop_update") {
    state.first = number("rho") * old.first + (1 - number("rho")) * std::pow(g, 2);
    state.w = old.w - lr * g / (std::sqrt(state.first) + number("epsilon"));
  } else if (op == "adam_update") {
    state.first = number("beta1") * old.first + (1 - number("beta1")) * g;
    state.second = number("beta2") * old.second + (1 - number("beta2")) * std::pow(g, 2);
    double power1 = 1, power2 = 1;
    for (int t = 0; t <= static_cast<int>(step); ++t) {
      power1 *= number("beta1");
      power2 *= number("beta2");
    }
    const double m = state.first / (1 - power1), v = state.second / (1 - power2);
    state.w = old.w - lr * number("decoupled_decay") * old.w -
              lr * m / (std::sqrt(v) + number("epsilon"));
  } else {
    throw std::runtime_error("no formula for " + std::string(op));
  }
  return state;
}

}  // namespace bascule
