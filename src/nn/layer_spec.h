#pragma once
// [[model.layers]] of a spec.
#include <string>

#include <bascule/base/config.h>
#include <bascule/nn/sequential.h>

#include "nn/typed_table.h"

namespace bascule::nn {

struct ParsedLayers {
  std::vector<LayerPtr> layers;
  std::string toml;  ///< the same tables with all defaults
};

/// Reads the tables "model.layers[0]", … . `style` ("keras", "lasagne", "torch") decides about
/// initialisers that are not given.
Result<ParsedLayers> parse_layers(const Config& config, const std::string& style);

/// The types with their keys, those that every layer has included.
std::vector<TableType> layer_table_types(const std::string& style);

}  // namespace bascule::nn
