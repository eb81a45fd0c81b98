#include "nn/layer_spec.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "nn/layers/layer_types.h"

namespace bascule::nn {
namespace {

constexpr std::size_t kMostLayers = 10000;
constexpr std::string_view kInline = ", ";
constexpr double kMostRepeats = 1000;
constexpr std::array<std::string_view, 2> kNested = {"layers", "branches"};

/// How many entries the array of tables `path` has. kUsage when an entry in between is missing.
Result<std::int64_t> entries(const Config& config, const std::string& path) {
  const std::string open = path + "[";
  std::int64_t count = 0;
  std::map<std::int64_t, std::string> origins;
  for (auto at = config.values().lower_bound(open);
       at != config.values().end() && at->first.starts_with(open); ++at) {
    const char* begin = at->first.data() + open.size();
    std::int64_t index = -1;
    const auto parsed = std::from_chars(begin, at->first.data() + at->first.size(), index);
    if (parsed.ec != std::errc() || *parsed.ptr != ']' || index < 0)
      return Error{Code::kUsage, fmt::format("{}: unknown key {}", at->second.origin, at->first)};
    origins.emplace(index, at->second.origin);
  }
  for (const auto& [index, origin] : origins) {
    if (index != count)
      return Error{Code::kUsage, fmt::format("{}: {}[{}]: there are only {} of them", origin, path,
                                             index, count)};
    ++count;
  }
  return count;
}

/// Applies what a framework takes when nothing is said.
void set_style(Schema& keys, const std::string& style) {
  if (style != "torch") return;
  for (KeyInfo& key : keys) {
    if (key.name == "kernel_init" || key.name == "bias_init")
      key.default_value = "\"torch_linear\"";
    if (key.name == "init") key.default_value = "\"normal(1)\"";
  }
}

class Parser {
 public:
  Parser(const Config& config, const std::string& style)
      : config_(config), types_(layer_table_types(style)) {}

  /// The layers of the array `path`, and the entries of each with `separator` between them.
  Status layers(const std::string& path, std::string_view separator, std::vector<LayerPtr>& out,
                std::vector<std::string>& texts);

 private:
  Status layer(const std::string& prefix, std::string_view separator, std::vector<LayerPtr>& out,
               std::string& text);
  Status branches(const std::string& path, std::string_view separator, LayerArguments& arguments,
                  std::string& text);
  static std::string list(const std::vector<std::string>& texts);

  const Config& config_;
  std::vector<TableType> types_;
};

std::string Parser::list(const std::vector<std::string>& texts) {
  std::string text = "[";
  for (const std::string& one : texts)
    text += fmt::format("{}{{ {} }}", text.size() > 1 ? ", " : "", one);
  return text + "]";
}

Status Parser::layers(const std::string& path, std::string_view separator,
                      std::vector<LayerPtr>& out, std::vector<std::string>& texts) {
  if (const ConfigValue* value = config_.find(path); value != nullptr && value->to_toml() != "[]")
    return {Code::kUsage, fmt::format("{}: {} must be an array of tables", value->origin, path)};
  BASCULE_ASSIGN(const std::int64_t count, entries(config_, path));
  for (std::int64_t i = 0; i < count; ++i) {
    texts.emplace_back();
    BASCULE_TRY(layer(fmt::format("{}[{}].", path, i), separator, out, texts.back()));
  }
  return {};
}

Status Parser::branches(const std::string& path, std::string_view separator,
                        LayerArguments& arguments, std::string& text) {
  BASCULE_ASSIGN(const std::int64_t count, entries(config_, path));
  std::vector<std::string> tables;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string prefix = fmt::format("{}[{}].", path, i);
    const Config own = own_keys(config_, prefix);
    for (const auto& [key, value] : own.values()) {
      if (key != prefix + "layers")
        return {Code::kUsage,
                fmt::format("{}: unknown key {}; a branch has only `layers`", value.origin, key)};
    }
    std::vector<std::string> texts;
    BASCULE_TRY(layers(prefix + "layers", kInline, arguments.branches.emplace_back(), texts));
    tables.push_back("layers = " + list(texts));
  }
  text += fmt::format("{}branches = {}", separator, list(tables));
  return {};
}

Status Parser::layer(const std::string& prefix, std::string_view separator,
                     std::vector<LayerPtr>& out, std::string& text) {
  BASCULE_ASSIGN(const Settings settings, resolve_table(config_, prefix, types_, "", kNested));
  const LayerType& type = *find_layer_type(settings.text(prefix + "type"));
  text = table_text(settings, prefix, separator);
  for (const std::string_view nested : kNested) {
    const bool wanted = nested == (type.nesting == Nesting::kLayers     ? "layers"
                                   : type.nesting == Nesting::kBranches ? "branches"
                                                                        : "");
    const auto at = config_.values().lower_bound(prefix + std::string(nested));
    if (!wanted && at != config_.values().end() &&
        at->first.starts_with(prefix + std::string(nested)))
      return {Code::kUsage,
              fmt::format("{}: {} layers have no `{}`", at->second.origin, type.name, nested)};
  }
  const std::int64_t repeat = settings.integer(prefix + "repeat");
  LayerArguments arguments(settings, prefix);
  if (type.nesting == Nesting::kLayers) {
    std::vector<std::string> texts;
    BASCULE_TRY(layers(prefix + "layers", kInline, arguments.layers, texts));
    text += fmt::format("{}layers = {}", separator, list(texts));
  } else if (type.nesting == Nesting::kBranches) {
    BASCULE_TRY(branches(prefix + "branches", separator, arguments, text));
  }
  const LayerPtr made = type.make(arguments);
  if (out.size() + static_cast<std::size_t>(repeat) > kMostLayers)
    return {Code::kUsage, fmt::format("{}: more than {} layers", settings.origin(prefix + "repeat"),
                                      kMostLayers)};
  out.insert(out.end(), static_cast<std::size_t>(repeat), made);
  return {};
}

}  // namespace

std::vector<TableType> layer_table_types(const std::string& style) {
  std::vector<TableType> types;
  for (const LayerType& type : layer_types()) {
    TableType table{std::string(type.name), type.keys};
    set_style(table.keys, style);
    table.keys.push_back(
        keys::integer("repeat", "1", 1, kMostRepeats, "so many layers of this kind in a row"));
    types.push_back(std::move(table));
  }
  return types;
}

Result<ParsedLayers> parse_layers(const Config& config, const std::string& style) {
  ParsedLayers parsed;
  std::vector<std::string> texts;
  BASCULE_TRY(Parser(config, style).layers("model.layers", "\n", parsed.layers, texts));
  if (parsed.layers.empty())
    return Error{Code::kUsage, "model.layers is missing: a network needs at least one layer"};
  for (const std::string& text : texts)
    parsed.toml += fmt::format("\n[[model.layers]]\n{}\n", text);
  return parsed;
}

}  // namespace bascule::nn
