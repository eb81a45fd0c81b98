#pragma once
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <bascule/nn/sequential.h>

namespace bascule::cli {

/// Layers with shapes, parameters and cost; totals below.
std::string layer_table(const std::vector<nn::LayerRow>& rows);
nlohmann::ordered_json layers_json(const std::vector<nn::LayerRow>& rows);

}  // namespace bascule::cli
