#include <algorithm>

#include <bascule/base/random.h>

#include "conformance/naive_functions.h"
#include "conformance/naive_index.h"
#include "graph/ops/optimizers.h"

namespace bascule::naive {
namespace {

/// Folds every element into the element of the result that stands for it.
template <class Fold>
Tensor reduce(const Node& node, const Tensor& x, double start, Fold fold) {
  Tensor y = filled(node.outputs[0], start);
  const auto& axes = node.attributes.integers("axes");
  for (const Index& i : indices(x.type.shape)) {
    Index kept;
    for (std::size_t axis = 0; axis < i.size(); ++axis) {
      const bool gone = std::find(axes.begin(), axes.end(), axis) != axes.end();
      if (!gone) kept.push_back(i[axis]);
      if (gone && node.attributes.flag("keep")) kept.push_back(0);
    }
    at(y, kept) = fold(at(y, kept), at(x, i));
  }
  return y;
}
Tensor sum(const Node& node, const Inputs& x) {
  return reduce(node, x[0], 0, [](double a, double b) { return a + b; });
}
Tensor max(const Node& node, const Inputs& x) {
  return reduce(node, x[0], -INFINITY, [](double a, double b) { return std::fmax(a, b); });
}

/// The elements of the row that an element belongs to.
std::vector<double> row_of(const Tensor& x, Index index) {
  std::vector<double> row;
  const Shape& shape = x.type.shape;
  for (std::int64_t j = 0; j < shape[shape.rank() - 1]; ++j) {
    index.back() = j;
    row.push_back(at(x, index));
  }
  return row;
}
Tensor argmax(const Node& node, const Inputs& x) {
  return from_index(node, [&](Index i) {
    i.push_back(0);
    const std::vector<double> row = row_of(x[0], i);
    return static_cast<double>(std::max_element(row.begin(), row.end()) - row.begin());
  });
}

/// softmax(x)[k] = 1 / Σ exp(x[j] − x[k]).
double softmax_at(const std::vector<double>& row, double x) {
  double sum = 0;
  for (const double other : row) sum += std::exp(other - x);
  return 1 / sum;
}
double log_softmax_at(const std::vector<double>& row, double x) {
  // The largest first: only differences to it are exponentiated.
  double largest = -INFINITY, sum = 0;
  for (const double other : row) largest = std::fmax(largest, other);
  for (const double other : row) sum += std::exp(other - largest);
  return x - largest - std::log(sum);
}
Tensor softmax(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) { return softmax_at(row_of(x[0], i), at(x[0], i)); });
}
Tensor log_softmax(const Node& node, const Inputs& x) {
  return from_index(node,
                    [&](const Index& i) { return log_softmax_at(row_of(x[0], i), at(x[0], i)); });
}
/// Through the whole Jacobian, diag(y) − y yᵀ.
Tensor softmax_grad(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    const std::vector<double> g = row_of(x[0], i), y = row_of(x[1], i);
    double sum = 0;
    for (std::size_t j = 0; j < g.size(); ++j) {
      const bool same = static_cast<std::int64_t>(j) == i.back();
      sum += g[j] * (same ? y[j] - y[j] * y[j] : -y[j] * at(x[1], i));
    }
    return sum;
  });
}
/// Through the whole Jacobian, I − 1 exp(y)ᵀ.
Tensor log_softmax_grad(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    const std::vector<double> g = row_of(x[0], i);
    double sum = 0;
    for (std::size_t j = 0; j < g.size(); ++j)
      sum += g[j] * ((static_cast<std::int64_t>(j) == i.back() ? 1 : 0) - std::exp(at(x[1], i)));
    return sum;
  });
}

bool inside(double index, std::int64_t count) {
  return index >= 0 && index < static_cast<double>(count);
}
Tensor gather_rows(const Node& node, const Inputs& x) {
  return from_index(node, [&](Index i) {
    const std::int64_t column = i.back();
    i.pop_back();
    const double row = at(x[1], i);
    return inside(row, x[0].type.shape[0]) ? at(x[0], {static_cast<std::int64_t>(row), column}) : 0;
  });
}
Tensor scatter_add_rows(const Node& node, const Inputs& x) {
  Tensor y = filled(node.outputs[0], 0);
  for (const Index& i : indices(x[0].type.shape)) {
    const double row = at(x[1], {i.begin(), i.end() - 1});
    if (inside(row, y.type.shape[0]))
      at(y, {static_cast<std::int64_t>(row), i.back()}) += at(x[0], i);
  }
  return y;
}
Tensor pick(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    const double column = at(x[1], i);
    return inside(column, x[0].type.shape[1]) ? at(x[0], {i[0], static_cast<std::int64_t>(column)})
                                              : 0;
  });
}
Tensor place(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    return at(x[1], {i[0]}) == static_cast<double>(i[1]) ? at(x[0], {i[0]}) : 0;
  });
}
Tensor one_hot(const Node& node, const Inputs& x) {
  return from_index(node, [&](Index i) {
    const auto wanted = static_cast<double>(i.back());
    i.pop_back();
    return at(x[0], i) == wanted ? 1 : 0;
  });
}
Tensor cross_entropy(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    const double label = at(x[1], i);
    if (!inside(label, x[0].type.shape[1])) return 0.0;
    const Index at_label = {i[0], static_cast<std::int64_t>(label)};
    return -log_softmax_at(row_of(x[0], at_label), at(x[0], at_label));
  });
}
Tensor cross_entropy_grad(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    const double label = at(x[1], {i[0]});
    if (!inside(label, x[0].type.shape[1])) return 0.0;
    const double hit = label == static_cast<double>(i[1]) ? 1 : 0;
    return at(x[2], {i[0]}) * (softmax_at(row_of(x[0], i), at(x[0], i)) - hit);
  });
}

Tensor multinomial_nll(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    const std::vector<double> logits = row_of(x[0], {i[0], 0}), counts = row_of(x[1], {i[0], 0});
    double loss = 0;
    for (std::size_t j = 0; j < logits.size(); ++j)
      loss -= counts[j] * log_softmax_at(logits, logits[j]);
    return loss;
  });
}
/// Through the Jacobian of log softmax: Σ_k counts_k (softmax_j − [j = k]).
Tensor multinomial_nll_grad(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) {
    const std::vector<double> logits = row_of(x[0], i), counts = row_of(x[1], i);
    const double share = softmax_at(logits, at(x[0], i));
    double slope = 0;
    for (std::size_t k = 0; k < counts.size(); ++k)
      slope += counts[k] * (share - (static_cast<std::int64_t>(k) == i[1] ? 1 : 0));
    return at(x[2], {i[0]}) * slope;
  });
}

/// The loss of node's second output is that of an op of its own.
std::vector<Tensor> multinomial_nll_and_grad(const Node& node, const Inputs& x) {
  Node loss = node;
  loss.outputs.erase(loss.outputs.begin());
  return {multinomial_nll_grad(node, x), multinomial_nll(loss, x)};
}

/// The four words of the block of element e, from the mapping that base/random_values.h documents.
PhiloxBlock words_of(const Node& node, double step, std::size_t e) {
  const auto low = [](auto x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](auto x) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(x) >> 32);
  };
  const std::int64_t seed = node.attributes.integer("seed");
  const std::int64_t stream = node.attributes.integer("stream");
  const PhiloxBlock key =
      philox4x32({low(stream), high(stream), 0x64726177, 0x6b657920}, {low(seed), high(seed)});
  const auto count = static_cast<std::int64_t>(step);
  return philox4x32({low(e / 4), high(e / 4), low(count), high(count)}, {key[0], key[1]});
}
Tensor random_values(const Node& node, const Inputs& x) {
  Tensor y = filled(node.outputs[0], 0);
  for (std::size_t e = 0; e < y.values.size(); ++e) {
    const PhiloxBlock words = words_of(node, x[0].values[0], e);
    const double uniform = std::floor(words[e % 4] / 256.0) / 16777216.0;
    if (node.op->name == "random_uniform") y.values[e] = uniform;
    if (node.op->name == "dropout_mask") {
      const double rate = node.attributes.number("rate");
      y.values[e] = uniform < rate ? 0 : 1 / (1 - rate);
    }
    if (node.op->name == "random_normal") {
      const bool second = e % 4 > 1;
      const double a = words[second ? 2 : 0], b = words[second ? 3 : 1];
      const double angle = 2 * M_PI * b / 4294967296.0;
      y.values[e] = std::sqrt(-2 * std::log((a + 1) / 4294967296.0)) *
                    (e % 2 == 0 ? std::cos(angle) : std::sin(angle));
    }
  }
  return y;
}
Tensor increment(const Node& node, const Inputs& x) {
  return from_index(node, [&](const Index& i) { return at(x[0], i) + 1; });
}

/// w, states … and what follows the place of the gradient, which is given apart.
std::vector<Tensor> update(const Node& node, std::string_view op, const Tensor& gradient,
                           const Inputs& rest) {
  const std::size_t states = node.outputs.size() - 1;
  std::vector<Tensor> y;
  for (const ValueType& type : node.outputs) y.push_back(filled(type, 0));
  const Shape& shape = gradient.type.shape;
  const std::size_t rows = shape.rank() == 0 ? 1 : static_cast<std::size_t>(shape[0]);
  std::vector<bool> has_gradient(rows, false);
  for (std::size_t e = 0; e < gradient.values.size(); ++e)
    if (gradient.values[e] != 0) has_gradient[e * rows / gradient.values.size()] = true;
  for (std::size_t e = 0; e < gradient.values.size(); ++e) {
    NaiveState state{rest[0].values[e], states > 0 ? rest[1].values[e] : 0,
                     states > 1 ? rest[2].values[e] : 0};
    const double step = op == "adam_update" ? rest[states + 2].values[0] : 0;
    const double gate = detail::is_gated(node.attributes) ? rest.back().values[0] : 1;
    const bool leave =
        node.attributes.has("lazy") && !has_gradient[e * rows / gradient.values.size()];
    if (gate != 0 && !leave)
      state = naive_update(op, node.attributes, state, gate * gradient.values[e],
                           rest[states + 1].values[0], step);
    y[0].values[e] = state.w;
    if (states > 0) y[1].values[e] = state.first;
    if (states > 1) y[2].values[e] = state.second;
  }
  return y;
}
std::vector<Tensor> plain_update(const Node& node, const Inputs& x) {
  Inputs rest = x;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(node.outputs.size()));
  return update(node, node.op->name, x[node.outputs.size()], rest);
}
std::vector<Tensor> linear_update(const Node& node, const Inputs& x) {
  const Tensor gradient = from_index(
      node, [&](const Index& i) { return product(node, x[0], true, x[1], false, i[0], i[1]); });
  return update(node, node.attributes.text("optimizer"), gradient, {x.begin() + 2, x.end()});
}
/// scatter_add_rows() makes what has the shape of the node's first result, here the weight.
std::vector<Tensor> rows_update(const Node& node, const Inputs& x) {
  return update(node, node.attributes.text("optimizer"), scatter_add_rows(node, x),
                {x.begin() + 2, x.end()});
}
/// All weights with their states, all gradients, what they share.
std::vector<Tensor> multi_update(const Node& node, const Inputs& x) {
  const std::string& optimizer = node.attributes.text("optimizer");
  const std::size_t values = optimizer == "sgd_update" ? 1 : optimizer == "adam_update" ? 3 : 2;
  const std::size_t weights = node.outputs.size() / values;
  std::vector<Tensor> y;
  for (std::size_t weight = 0; weight < weights; ++weight) {
    const auto first = static_cast<std::ptrdiff_t>(weight * values);
    const auto end = first + static_cast<std::ptrdiff_t>(values);
    Inputs rest(x.begin() + first, x.begin() + end);
    rest.insert(rest.end(), x.begin() + static_cast<std::ptrdiff_t>(weights * values + weights),
                x.end());
    Node one = node;
    one.outputs = {node.outputs.begin() + first, node.outputs.begin() + end};
    for (Tensor& tensor : update(one, optimizer, x[weights * values + weight], rest))
      y.push_back(std::move(tensor));
  }
  return y;
}

}  // namespace

std::map<std::string_view, Formula> row_formulas() {
  return {{"sum", one<sum>},
          {"max", one<max>},
          {"argmax", one<argmax>},
          {"softmax", one<softmax>},
          {"softmax_grad", one<softmax_grad>},
          {"log_softmax", one<log_softmax>},
          {"log_softmax_grad", one<log_softmax_grad>},
          {"gather_rows", one<gather_rows>},
          {"scatter_add_rows", one<scatter_add_rows>},
          {"pick", one<pick>},
          {"place", one<place>},
          {"one_hot", one<one_hot>},
          {"sparse_cross_entropy", one<cross_entropy>},
          {"sparse_cross_entropy_grad", one<cross_entropy_grad>},
          {"multinomial_nll", one<multinomial_nll>},
          {"multinomial_nll_grad", one<multinomial_nll_grad>},
          {"multinomial_nll_and_grad", multinomial_nll_and_grad},
          {"random_uniform", one<random_values>},
          {"random_normal", one<random_values>},
          {"dropout_mask", one<random_values>},
          {"increment", one<increment>},
          {"sgd_update", plain_update},
          {"momentum_update", plain_update},
          {"rmsprop_update", plain_update},
          {"adam_update", plain_update},
          {"lion_update", plain_update},
          {"linear_update", linear_update},
          {"sparse_update", linear_update},
          {"rows_update", rows_update},
          {"multi_update", multi_update}};
}

}  // namespace bascule::naive
