#include "nn/typed_table.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bascule/nn/initializer.h>

namespace bascule::nn {
namespace {

/// Checks the texts that name initialisers, which a list of choices cannot: they take parameters.
Status check_initializers(const Settings& settings, const std::string& prefix, const Schema& keys) {
  for (const KeyInfo& key : keys) {
    if (!key.name.ends_with("init")) continue;
    const std::string full = prefix + key.name;
    Result<Initializer> parsed = parse_initializer(settings.text(full));
    if (!parsed.ok())
      return {Code::kUsage,
              fmt::format("{}: {}: {}", settings.origin(full), full, parsed.error().message)};
  }
  return {};
}

std::string first_origin(const Config& config, const std::string& prefix) {
  const auto at = config.values().lower_bound(prefix.substr(0, prefix.size() - 1));
  return at == config.values().end() ? "spec" : at->second.origin;
}

}  // namespace

Config own_keys(const Config& config, const std::string& prefix) {
  Config own;
  for (auto at = config.values().lower_bound(prefix);
       at != config.values().end() && at->first.starts_with(prefix); ++at) {
    if (at->first.find('[', prefix.size()) == std::string::npos) own.put(at->first, at->second);
  }
  return own;
}

Result<Settings> resolve_table(const Config& config, const std::string& prefix,
                               std::span<const TableType> types, const std::string& fallback,
                               std::span<const std::string_view> ignored) {
  const Config all = own_keys(config, prefix);
  Config own;
  for (const auto& [key, value] : all.values()) {
    if (std::find(ignored.begin(), ignored.end(), key.substr(prefix.size())) == ignored.end())
      own.put(key, value);
  }
  KeyInfo type_key = keys::word(prefix + "type", "", "");
  for (const TableType& type : types) type_key.choices.push_back(type.name);
  if (own.find(type_key.name) == nullptr) {
    if (fallback.empty())
      return Error{Code::kUsage,
                   fmt::format("{}: {} is missing: one of {}", first_origin(config, prefix),
                               type_key.name, fmt::join(type_key.choices, ", "))};
    own.put(type_key.name, {fallback, "default"});
  }
  Config type_only;
  type_only.put(type_key.name, *own.find(type_key.name));
  BASCULE_ASSIGN(const Settings named, Settings::resolve(type_only, {type_key}));
  const auto type = std::find_if(types.begin(), types.end(), [&](const TableType& one) {
    return one.name == named.text(type_key.name);
  });
  Schema schema = {type_key};
  for (KeyInfo key : type->keys) {
    key.name = prefix + key.name;
    schema.push_back(std::move(key));
  }
  BASCULE_ASSIGN(Settings settings, Settings::resolve(own, schema));
  for (const KeyInfo& key : schema) {
    if (!settings.has(key.name))
      return Error{Code::kUsage, fmt::format("{}: {} is missing ({})",
                                             settings.origin(type_key.name), key.name, key.help)};
  }
  BASCULE_TRY(check_initializers(settings, prefix, type->keys));
  return settings;
}

std::string table_text(const Settings& settings, const std::string& prefix,
                       std::string_view separator) {
  std::string text;
  for (const KeyInfo& key : settings.schema()) {
    const ConfigValue* value = settings.find(key.name);
    if (value == nullptr) continue;
    text += fmt::format("{}{} = {}", text.empty() ? "" : separator, key.name.substr(prefix.size()),
                        value->to_toml());
  }
  return text;
}

}  // namespace bascule::nn
