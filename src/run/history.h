#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>

namespace bascule::detail {

/// Removes a last line without line end; makes an empty file where there is none.
Status repair_history(const std::string& path);
/// The complete lines, each checked to be JSON; kBadData names file and line.
Result<std::vector<std::string>> read_history(const std::string& path);

}  // namespace bascule::detail
