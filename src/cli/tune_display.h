#pragma once
#include <optional>
#include <string>

#include <bascule/recsys/tune.h>

#include "cli/context.h"
#include "cli/progress.h"

namespace bascule::cli {

/// "model.l2 = 500.0, model.dropout = 0.33"
std::string point_text(const SearchPoint& point, const SearchSpace& space);
/// "0.4215 ± 0.0051"
std::string metric_text(const MetricValue& metric);

/// What a search shows while it runs, on stderr: a bar for a trial that learns by epochs, and a
/// line for each trial that is finished.
class TuneDisplay {
 public:
  explicit TuneDisplay(const Context& context) : context_(context) {}
  /// Searches, logs and stops as the context says, and shows what the search reports.
  void watch(TuneRequest& request);

 private:
  void show(const nn::Progress& now);
  void show(const Tuning& tuning);
  void clear();

  const Context& context_;
  std::int64_t trial_ = 0;
  std::optional<Progress> bar_;
};

}  // namespace bascule::cli
