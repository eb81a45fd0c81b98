#pragma once
// Where specs come from: a TOML file, or one of those built in.
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/config.h>
#include <bascule/base/status.h>

namespace bascule {

struct BuiltinSpec {
  std::string_view name;  ///< "bookcrossing-knn"
  std::string_view toml;
};
std::vector<BuiltinSpec> builtin_specs();

/// Reads `name`, a built-in name or the path of a TOML file of at most 1 MiB, and applies the
/// "key=value" assignments. kUsage when there is no such spec or it is malformed.
Result<Config> load_spec(const std::string& name, const std::vector<std::string>& assignments);

/// Version of the library and the commit it was built from ("unknown" outside a repository).
std::string_view version();
std::string_view git_commit();

}  // namespace bascule
