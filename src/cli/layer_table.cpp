#include "cli/layer_table.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/table.h"

namespace bascule::cli {

std::string layer_table(const std::vector<nn::LayerRow>& rows) {
  Table table({{"layer (type)"},
               {"output"},
               {"parameters", Table::Align::kRight},
               {"FLOPs per sample", Table::Align::kRight}});
  std::int64_t parameters = 0, buffers = 0;
  double flops = 0;
  for (const nn::LayerRow& row : rows) {
    const std::string what = row.details.empty() ? row.type : row.type + ", " + row.details;
    table.add({fmt::format("{} ({})", row.name, what), row.output.to_string(),
               with_commas(row.parameters), with_commas(static_cast<std::int64_t>(row.flops))});
    parameters += row.parameters;
    buffers += row.buffers;
    flops += row.flops;
  }
  const std::string untrained =
      buffers > 0 ? fmt::format(" and {} that are not trained", with_commas(buffers)) : "";
  return fmt::format("{}{} parameters{} ({}), {} FLOPs per sample\n", table.to_string(),
                     with_commas(parameters), untrained,
                     human_bytes(static_cast<double>(parameters + buffers) * 4),
                     with_commas(static_cast<std::int64_t>(flops)));
}

nlohmann::ordered_json layers_json(const std::vector<nn::LayerRow>& rows) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const nn::LayerRow& row : rows)
    layers.push_back({{"name", row.name},
                      {"type", row.type},
                      {"output", row.output.extents()},
                      {"parameters", row.parameters},
                      {"flops", row.flops},
                      {"bytes", row.bytes}});
  return layers;
}

}  // namespace bascule::cli
