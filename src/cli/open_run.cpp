#include "cli/open_run.h"

#include <bascule/run/run_folder.h>

namespace bascule::cli {

Result<SavedRun> open_run(const std::string& path, const Context& context,
                          const std::shared_ptr<Device>& device) {
  Precision precision = Precision::kFp32;
  if (context.precision != "fp32") {
    BASCULE_ASSIGN(const SavedRun run, SavedRun::open(path));
    BASCULE_ASSIGN(precision, context.recommender_precision(run.settings(), device.get()));
  }
  return SavedRun::open(path, precision, device);
}

}  // namespace bascule::cli
