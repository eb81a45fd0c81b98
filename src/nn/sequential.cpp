#include <fmt/format.h>

#include <bascule/graph/op.h>
#include <bascule/nn/sequential.h>

namespace bascule::nn {

Value Sequential::build(BuildContext& context, Value x) const {
  for (const LayerPtr& layer : layers_) x = context.apply(*layer, x);
  return x;
}

Result<std::vector<LayerRow>> Sequential::table(const Shape& sample) const {
  std::vector<LayerRow> rows;
  std::map<std::string, int> counts;
  try {
    Graph graph;
    BuildContext context(graph, false, 0);
    Value x = graph.input("x", f32(batch_shape(1, sample)));
    for (const LayerPtr& layer : layers_) {
      const NodeId begin = graph.size();
      const std::size_t declared = context.variables().size();
      x = context.apply(*layer, x);
      LayerRow row;
      row.type = layer->type();
      row.name = fmt::format("{}_{}", row.type, ++counts[row.type]);
      row.details = layer->details();
      row.output = nn::sample_shape(x);
      for (std::size_t v = declared; v < context.variables().size(); ++v) {
        const ModelVariable& variable = context.variables()[v];
        (variable.role == VariableRole::kParameter ? row.parameters : row.buffers) +=
            variable.type.shape.count();
      }
      for (NodeId id = begin; id < graph.size(); ++id) {
        if (graph.node(id).op->view) continue;
        row.flops += node_flops(graph, graph.node(id));
        row.bytes += node_bytes(graph, graph.node(id));
      }
      rows.push_back(std::move(row));
    }
  } catch (const GraphError& error) {
    return Error{Code::kUsage, fmt::format("layer {} ({}): {}", rows.size() + 1,
                                           layers_[rows.size()]->type(), error.what())};
  }
  return rows;
}

}  // namespace bascule::nn
