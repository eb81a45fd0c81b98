#pragma once
// What a layer's file tells the spec about it: its name there, its keys, and how it is made.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/nn/layers.h>

namespace bascule::nn {

/// The keys of one [[model.layers]] table, checked against the schema of its type.
class LayerArguments {
 public:
  LayerArguments(const Settings& settings, std::string prefix)
      : settings_(settings), prefix_(std::move(prefix)) {}

  [[nodiscard]] std::int64_t integer(std::string_view key) const {
    return settings_.integer(full(key));
  }
  [[nodiscard]] double number(std::string_view key) const { return settings_.number(full(key)); }
  [[nodiscard]] bool flag(std::string_view key) const { return settings_.flag(full(key)); }
  [[nodiscard]] const std::string& text(std::string_view key) const {
    return settings_.text(full(key));
  }
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key) const {
    return settings_.integers(full(key));
  }

  std::vector<LayerPtr> layers;                 ///< of the key `layers`
  std::vector<std::vector<LayerPtr>> branches;  ///< of the key `branches`

 private:
  [[nodiscard]] std::string full(std::string_view key) const { return prefix_ + std::string(key); }
  const Settings& settings_;
  std::string prefix_;
};

enum class Nesting : std::uint8_t { kNone, kLayers, kBranches };

struct LayerType {
  std::string_view name;
  std::string_view help;
  Schema keys;  ///< names relative to the table; a key without default must be given
  LayerPtr (*make)(const LayerArguments& arguments) = nullptr;
  Nesting nesting = Nesting::kNone;
};

/// Every type, in the order of the documentation.
std::span<const LayerType> layer_types();
const LayerType* find_layer_type(std::string_view name);

LayerType dense_type();
LayerType dropout_type();
LayerType flatten_type();
LayerType reshape_type();
LayerType batch_norm_type();
LayerType layer_norm_type();
LayerType embedding_type();
LayerType activation_type();
LayerType residual_type();
LayerType concat_type();

// Keys that several types have.
KeyInfo activation_key(std::string fallback);
KeyInfo initializer_key(std::string name, std::string fallback, std::string help);

/// The initialiser of this name; GraphError of `layer` when there is none.
Initializer require_initializer(std::string_view layer, const std::string& name);

/// [M, …] → [M, F].
Value flatten_samples(const Value& x);

}  // namespace bascule::nn
