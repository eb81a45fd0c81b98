#include "recsys/elsa_graphs.h"

#include <span>
#include <string>

#include <bascule/graph/ops.h>

#include "nn/step_graphs.h"

namespace bascule::detail {
namespace {

/// Under roots, of what is 0 where there is nothing to learn from.
constexpr double kTiny = 1e-12;

Value item_rows(Graph& graph, const ElsaOptions& options, std::int64_t items) {
  return graph.variable(std::string(kElsaItems), f32({items, options.factors}));
}
Value unit_rows(const Value& rows) {
  return rows * rsqrt(offset(sum(square(rows), {1}, true), kTiny));
}

/// The squared distance of x and s = x U Uᵀ − x at length 1, that is 2 − 2 x·s / |s|, without s:
/// with p = x U and G = Uᵀ U, x·s = p·p − 1 and |s|² = p G pᵀ − 2 p·p + 1.
Value distances(const Value& x, const Value& unit) {
  const Value p = sparse_matmul(x, unit), gram = matmul(unit, unit, true);
  const Value own = sum(square(p), {1});
  const Value squares = offset(sum(matmul(p, gram) * p, {1}) - scale(own, 2), 1);
  // Rounding may take squares of a few items below 0.
  const Value length = rsqrt(clip(squares, 1e-6, 1e30));
  return offset(scale(offset(own, -1) * length, -2), 2);
}

}  // namespace

Graph elsa_training_graph(const ElsaOptions& options, std::int64_t items, std::int64_t batch,
                          std::int64_t capacity) {
  Graph graph;
  const Value x = graph.input("x", csr_f32({batch, items}, capacity));
  const Value step = graph.variable("step", i64({}), VariableRole::kControl);
  const Value rows = item_rows(graph, options, items);
  const Value losses = distances(x, unit_rows(rows));
  nn::minimize(graph, mean(losses), std::span(&rows, 1), options.optimizer);
  nn::add_to_sum(graph, nn::kLossSum, losses);
  graph.assign(step, increment(step));
  return graph;
}

Graph elsa_scoring_graph(const ElsaOptions& options, std::int64_t items, std::int64_t batch,
                         std::int64_t capacity, bool unit) {
  Graph graph;
  const Value x = graph.input("x", csr_f32({batch, items}, capacity));
  Value rows = item_rows(graph, options, items);
  if (!unit) rows = unit_rows(rows);
  graph.output("scores", matmul(sparse_matmul(x, rows), rows, false, true));
  return graph;
}

}  // namespace bascule::detail
