#include <filesystem>

#include <fmt/format.h>

#include <bascule/base/file.h>
#include <bascule/run/spec_source.h>

#include "git_commit.inc"

namespace bascule {
namespace {

constexpr std::int64_t kLargestSpec = 1 << 20;

constexpr BuiltinSpec kSpecs[] = {
#include "builtin_specs.inc"
};

}  // namespace

std::vector<BuiltinSpec> builtin_specs() {
  return {std::begin(kSpecs), std::end(kSpecs)};
}

Result<Config> load_spec(const std::string& name, const std::vector<std::string>& assignments) {
  std::string text;
  std::vector<std::string> names;
  bool found = false;
  for (const BuiltinSpec& spec : kSpecs) {
    names.emplace_back(spec.name);
    if (spec.name != name) continue;
    text = spec.toml;
    found = true;
  }
  if (!found) {
    std::error_code ignored;
    if (!std::filesystem::exists(name, ignored)) {
      const auto near = nearest_word(name, names);
      return Error{Code::kUsage, fmt::format("{}: neither a file nor a built-in spec{}", name,
                                             near ? fmt::format("; did you mean {}?", *near) : "")};
    }
    Result<std::string> read = read_file(name, kLargestSpec);
    if (!read.ok()) return Error{Code::kUsage, read.error().message};
    text = std::move(read).value();
  }
  BASCULE_ASSIGN(Config config, Config::parse(text, name));
  for (const std::string& assignment : assignments) BASCULE_TRY(config.set(assignment));
  return config;
}

std::string_view version() {
  return BASCULE_VERSION;
}
std::string_view git_commit() {
  return kGitCommit;
}

}  // namespace bascule
