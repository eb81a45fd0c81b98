#pragma once
// Which files of a folder make up a ratings set.
#include <string>
#include <vector>

#include <bascule/base/status.h>

namespace bascule {

/// The file itself, or the files of the known set in a folder, in the order in which they are read.
/// `part` as in RatingsOptions. Fails with kBadData when there is nothing to read there.
Result<std::vector<std::string>> rating_files(const std::string& path, const std::string& part);

/// `folder`/`name` or that name with .gz, .xz or .zst behind it; empty when there is none.
std::string find_file(const std::string& folder, const std::string& name);

}  // namespace bascule
