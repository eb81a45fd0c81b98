#pragma once
// The files of a folder that is written to again and again.
#include <functional>
#include <string>
#include <string_view>

#include <bascule/base/status.h>

namespace bascule::detail {

/// Makes the folder and its parents where there is none, and removes what a crash left in it. Says
/// whether it is empty. kUsage when `path` is not a folder.
Result<bool> open_folder(const std::string& path);

/// Whether it is a temporary file whose process is gone: what a crash left.
bool is_leftover(std::string_view name);

/// Removes the files whose names are `wanted`.
Status remove_files(const std::string& folder, const std::function<bool(std::string_view)>& wanted);

}  // namespace bascule::detail
