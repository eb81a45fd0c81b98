#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <bascule/recsys/saved_run.h>

#include "cli/context.h"

namespace bascule::cli {

/// Items of a run, by index, ascending, each once.
struct ItemList {
  std::vector<std::int32_t> items;
  std::int64_t unknown = 0;  ///< ids of a file that the run does not have
};

/// What `option` was given: "ID,ID,…", each of which the run must have (kUsage), or "@FILE" with an
/// id a line, where those that it does not have are counted and logged. kBadData for a file that
/// cannot be read.
Result<ItemList> read_item_list(const std::string& option, const std::string& value,
                                const SavedRun& run, const Context& context);

}  // namespace bascule::cli
