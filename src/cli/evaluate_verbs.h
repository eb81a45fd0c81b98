#pragma once
// The two kinds of evaluation behind one verb.
#include <cstdint>
#include <string>
#include <vector>

#include "cli/context.h"

namespace bascule::cli {

struct EvaluateArguments {
  std::string run;
  std::vector<std::int32_t> at;   ///< cut-offs; recommenders only
  std::vector<std::string> sets;  ///< "key=value"
};

Status evaluate_recommend(const EvaluateArguments& arguments, const Context& context);
Status evaluate_network(const EvaluateArguments& arguments, const Context& context);

}  // namespace bascule::cli
