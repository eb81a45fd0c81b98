#pragma once
#include <map>
#include <string>

#include <bascule/base/status.h>
#include <bascule/run/run_folder.h>

namespace bascule::detail {

/// The content of run.json.
struct Manifest {
  bool complete = false;
  std::map<std::string, RunFile, std::less<>> files;
};

std::string manifest_text(const Manifest& manifest);
/// Reads run.json strictly; kBadData.
Result<Manifest> read_manifest(const std::string& path);
/// Size and checksum of a file as it is; kBadData when it cannot be read.
Result<RunFile> measure(const std::string& path);

}  // namespace bascule::detail
