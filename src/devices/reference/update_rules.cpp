#include "devices/reference/update_rules.h"

#include <cmath>

namespace bascule::reference {
namespace {

UpdateRule sgd(const Attributes& attributes) {
  return [decay = attributes.number("decay")](UpdateElement& e) {
    e.w -= e.lr * (e.gradient + decay * e.w);
  };
}

UpdateRule momentum(const Attributes& attributes) {
  return
      [mu = attributes.number("momentum"), nesterov = attributes.flag("nesterov"),
       scaled = attributes.flag("scaled"), decay = attributes.number("decay")](UpdateElement& e) {
        const double g = e.gradient + decay * e.w;
        double& v = e.states[0];
        if (scaled) {
          v = mu * v - e.lr * g;
          e.w += nesterov ? mu * v - e.lr * g : v;
        } else {
          v = mu * v + g;
          e.w -= e.lr * (nesterov ? g + mu * v : v);
        }
      };
}

UpdateRule rmsprop(const Attributes& attributes) {
  return [rho = attributes.number("rho"), epsilon = attributes.number("epsilon"),
          decay = attributes.number("decay")](UpdateElement& e) {
    const double g = e.gradient + decay * e.w;
    double& v = e.states[0];
    v = rho * v + (1 - rho) * g * g;
    e.w -= e.lr * g / (std::sqrt(v) + epsilon);
  };
}

UpdateRule adam(const Attributes& attributes) {
  return [beta1 = attributes.number("beta1"), beta2 = attributes.number("beta2"),
          epsilon = attributes.number("epsilon"), decay = attributes.number("decay"),
          decoupled = attributes.number("decoupled_decay")](UpdateElement& e) {
    const double g = e.gradient + decay * e.w;
    double &m = e.states[0], &v = e.states[1];
    const double t = static_cast<double>(e.step) + 1;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const double m_hat = m / (1 - std::pow(beta1, t)), v_hat = v / (1 - std::pow(beta2, t));
    e.w = e.w * (1 - e.lr * decoupled) - e.lr * m_hat / (std::sqrt(v_hat) + epsilon);
  };
}

UpdateRule lion(const Attributes& attributes) {
  return [beta1 = attributes.number("beta1"), beta2 = attributes.number("beta2"),
          decoupled = attributes.number("decoupled_decay")](UpdateElement& e) {
    double& m = e.states[0];
    const double mixed = beta1 * m + (1 - beta1) * e.gradient;
    const double sign = mixed > 0 ? 1 : mixed < 0 ? -1 : 0;
    e.w = e.w * (1 - e.lr * decoupled) - e.lr * sign;
    m = beta2 * m + (1 - beta2) * e.gradient;
  };
}

}  // namespace

UpdateRule update_rule(std::string_view op, const Attributes& attributes) {
  if (op == "sgd_update") return sgd(attributes);
  if (op == "momentum_update") return momentum(attributes);
  if (op == "rmsprop_update") return rmsprop(attributes);
  if (op == "adam_update") return adam(attributes);
  if (op == "lion_update") return lion(attributes);
  return {};
}

}  // namespace bascule::reference
