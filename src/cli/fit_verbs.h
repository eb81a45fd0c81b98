#pragma once
// The two kinds of fit behind one verb.
#include <string>

#include <bascule/base/config.h>

#include "cli/context.h"

namespace bascule::cli {

struct FitArguments {
  std::string spec;               ///< as given, for messages and the default name of the run
  std::vector<std::string> sets;  ///< "key=value"
  std::string out;                ///< run folder
  bool resume = false;
};

Status fit_recommend(const FitArguments& arguments, const Config& config, const Context& context);
Status fit_network(const FitArguments& arguments, const Config& config, const Context& context);

}  // namespace bascule::cli
