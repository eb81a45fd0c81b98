#pragma once
#include <bascule/recsys/saved_run.h>

#include "cli/context.h"

namespace bascule::cli {

/// A recommender's run, to compute in the precision that --precision asks for; kUsage where its
/// model cannot, or has no way to use `device`, unless that is null.
Result<SavedRun> open_run(const std::string& path, const Context& context,
                          const std::shared_ptr<Device>& device = nullptr);

}  // namespace bascule::cli
