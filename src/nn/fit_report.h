#pragma once
#include <string>

#include <bascule/nn/training.h>

namespace bascule::nn {

/// report.html of a network's run.
std::string fit_report(const NetworkSpec& spec, const NetworkData& data,
                       const NetworkFitOutcome& outcome);

}  // namespace bascule::nn
