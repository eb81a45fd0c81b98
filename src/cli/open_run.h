#pragma once
#include <bascule/recsys/saved_run.h>

#include "cli/context.h"

namespace bascule::cli {

/// A recommender's run, to compute in the precision that --precision asks for; kUsage where its
/// model cannot.
Result<SavedRun> open_run(const std::string& path, const Context& context);

}  // namespace bascule::cli
