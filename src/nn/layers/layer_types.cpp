// Every layer that a spec can name. A new one is a file in this folder and a line here.
#include "nn/layers/layer_types.h"

#include <array>

#include <fmt/format.h>

namespace bascule::nn {

std::span<const LayerType> layer_types() {
  static const std::array types = {
      dense_type(),      dropout_type(),   flatten_type(),    reshape_type(),  batch_norm_type(),
      layer_norm_type(), embedding_type(), activation_type(), residual_type(), concat_type(),
  };
  return types;
}

const LayerType* find_layer_type(std::string_view name) {
  for (const LayerType& type : layer_types()) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

KeyInfo activation_key(std::string fallback) {
  if (!fallback.empty()) fallback = fmt::format("\"{}\"", fallback);
  return keys::word("activation", std::move(fallback), "function of the outputs",
                    activation_names());
}

KeyInfo initializer_key(std::string name, std::string fallback, std::string help) {
  return keys::word(std::move(name), fmt::format("\"{}\"", fallback), std::move(help));
}

Initializer require_initializer(std::string_view layer, const std::string& name) {
  Result<Initializer> parsed = parse_initializer(name);
  if (!parsed.ok()) throw GraphError(layer, parsed.error().message);
  return *parsed;
}

}  // namespace bascule::nn
