#pragma once
// Which kind of work a spec or a run is about: "recommend", "classify" or "regress".
#include <string>

#include <bascule/base/config.h>

namespace bascule::cli {

/// The task of a spec; "recommend" when it names none. kUsage, naming the line, for an unknown one.
Result<std::string> task_of(const Config& spec);
/// The same for a run folder; kBadData when it is damaged.
Result<std::string> task_of_run(const std::string& run);

}  // namespace bascule::cli
