#pragma once
// A table of a spec whose keys depend on its key `type`.
#include <span>
#include <string>
#include <vector>

#include <bascule/base/config.h>

namespace bascule::nn {

struct TableType {
  std::string name;
  Schema keys;  ///< relative names; a key without default must be given
};

/// Keys of `config` that begin with `prefix`; none of those under a nested array of tables.
Config own_keys(const Config& config, const std::string& prefix);

/// Checks the keys that begin with `prefix` ("train.optimizer.") against their type's schema. Names
/// in the result and in messages are complete. `fallback` is the type of a table without one;
/// empty: it must have one. `ignored` keys (relative) are left to the caller.
Result<Settings> resolve_table(const Config& config, const std::string& prefix,
                               std::span<const TableType> types, const std::string& fallback,
                               std::span<const std::string_view> ignored = {});

/// "type = …, key = …" of such a table, with this text between the entries.
std::string table_text(const Settings& settings, const std::string& prefix,
                       std::string_view separator);

}  // namespace bascule::nn
