#include "run/run_manifest.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <bascule/base/crc32c.h>
#include <bascule/base/file.h>
#include <bascule/base/text.h>

namespace bascule::detail {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "bascule-run";
constexpr int kVersion = 1;
constexpr std::int64_t kMaxBytes = 64 * 1024;
constexpr std::array kListable = {kSpecFile, kModelFile, kItemsFile, kUsersFile, kLabelsFile};

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  Json json = {{"format", kFormat},
               {"version", kVersion},
               {"written_by", "bascule " BASCULE_VERSION},
               {"complete", manifest.complete},
               {"files", Json::object()}};
  for (const auto& [name, file] : manifest.files)
    json["files"][name] = {{"bytes", file.bytes}, {"crc32c", file.crc32c}};
  return json.dump(2) + "\n";
}

Result<Manifest> read_manifest(const std::string& path) {
  const auto bad = [&](std::string_view what) {
    return Error{Code::kBadData, fmt::format("{}: {}", path, what)};
  };
  BASCULE_ASSIGN(const std::string text, read_file(path, kMaxBytes));
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return bad("is not a JSON object");
  const auto field = [&](const char* name) { return json.contains(name) ? json.at(name) : Json(); };
  const Json version = field("version"), complete = field("complete"), files = field("files");
  if (field("format") != kFormat) return bad("does not describe a run");
  if (!version.is_number_unsigned() || !complete.is_boolean() || !files.is_object())
    return bad("lacks version, complete or files");
  if (version != kVersion)
    return bad(fmt::format("has version {}, this program reads {}", version.dump(), kVersion));
  Manifest manifest;
  manifest.complete = complete.get<bool>();
  for (const auto& item : files.items()) {
    const std::string& name = item.key();
    const Json& entry = item.value();
    // Only plain names that we know: a hostile list must not lead out of the folder.
    const bool known = std::find(kListable.begin(), kListable.end(), name) != kListable.end();
    const auto number = [&](const char* key) {
      return entry.is_object() && entry.contains(key) && entry.at(key).is_number_unsigned();
    };
    if (!known || !number("bytes") || !number("crc32c"))
      return bad(fmt::format("entry \"{}\" is not valid", printable(name)));
    const auto bytes = entry.at("bytes").get<std::uint64_t>();
    const auto crc = entry.at("crc32c").get<std::uint64_t>();
    if (bytes > INT64_MAX || crc > UINT32_MAX)
      return bad(fmt::format("entry \"{}\" is out of range", printable(name)));
    manifest.files[name] = {static_cast<std::int64_t>(bytes), static_cast<std::uint32_t>(crc)};
  }
  return manifest;
}

Result<RunFile> measure(const std::string& path) {
  BASCULE_ASSIGN(const MappedFile file, MappedFile::open(path));
  return RunFile{static_cast<std::int64_t>(file.bytes().size()), crc32c(file.bytes())};
}

}  // namespace bascule::detail
