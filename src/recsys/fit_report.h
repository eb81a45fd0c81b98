#pragma once
#include <string>

#include <bascule/base/config.h>
#include <bascule/recsys/training.h>

namespace bascule {

/// report.html of a fitted recommender: the data, what was wrong with them, sizes and times.
std::string fit_report(const Settings& settings, const LoadedData& loaded,
                       const FitOutcome& outcome);

}  // namespace bascule
