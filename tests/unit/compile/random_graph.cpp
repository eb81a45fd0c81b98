#include "unit/compile/random_graph.h"

#include <random>

#include <fmt/format.h>

#include <bascule/graph/ops.h>

namespace bascule::test {
namespace {

class RandomGraph {
 public:
  explicit RandomGraph(std::uint64_t seed) : random_(seed) {}

  Graph build() {
    for (const char* name : {"v", "u"}) keep(graph_.variable(name, f32({4, 6})));
    keep(graph_.input("x", f32({4, 6})));
    rows_ = {graph_.input("row", f32({6}))};
    columns_ = {graph_.input("column", f32({4, 1}))};
    scalars_ = {graph_.constant(0.5, f32({}))};
    const Value w = graph_.variable("w", f32({6, 6}));
    for (int i = 0; i < 30; ++i) add_node(w);
    for (int i = 0; i < 3; ++i) graph_.output(fmt::format("y{}", i), any(matrices_));
    graph_.output("s", any(scalars_));
    for (const char* name : {"v", "u"}) {
      if (below(4) > 0) graph_.assign(graph_.variable(name, f32({4, 6})), any(matrices_));
    }
    if (below(2) == 0) graph_.assign(w, tanh(matmul(any(matrices_), any(matrices_), true, false)));
    return std::move(graph_);
  }

 private:
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  const Value& any(const std::vector<Value>& values) { return values[below(values.size())]; }
  void keep(const Value& value) { matrices_.push_back(value); }

  void add_node(const Value& w) {
    const Value a = any(matrices_), b = any(matrices_);  // copies: the vectors grow
    switch (below(16)) {
      case 0:
        return keep(tanh(a));
      case 1:
        return keep(negate(a));
      case 2:
        return keep(scale(a, 0.7));
      case 3:
        return keep(offset(a, -0.3));
      case 4:
        return keep(sigmoid(a + b));
      case 5:
        return keep(scale(a - b, 0.5));
      case 6:
        return keep(tanh(a * b));
      case 7:
        return keep(maximum(a, b));
      case 8:
        return keep(tanh(a * any(rows_) + any(columns_)));
      case 9:
        return keep(tanh(matmul(a, w) + any(rows_)));
      case 10:
        return keep(scale(matmul(a, w, false, true), 0.2));
      case 11:
        return keep(reshape(sqrt(offset(square(reshape(a, {24})), 1)), {4, 6}));
      case 12:
        return keep(transpose(tanh(transpose(a, {1, 0})), {1, 0}));
      case 13:
        rows_.push_back(tanh(sum(a, {0})));
        return;
      case 14:
        columns_.push_back(tanh(sum(a, {1}, true)));
        return;
      default:
        scalars_.push_back(mean(a));
        return keep(softmax(a * any(scalars_)));
    }
  }

  std::mt19937_64 random_;
  Graph graph_;
  std::vector<Value> matrices_, rows_, columns_, scalars_;
};

}  // namespace

Graph random_graph(std::uint64_t seed) {
  return RandomGraph(seed).build();
}

}  // namespace bascule::test
