#pragma once
// The two kinds of summary behind one verb.
#include <string>
#include <vector>

#include "cli/context.h"

namespace bascule::cli {

struct SummaryArguments {
  std::string target;  ///< spec or run folder
  bool is_run = false;
  std::vector<std::string> sets;  ///< "key=value"; specs only
  bool explain = false;           ///< passes and kernels; networks only
};

Status summarise_recommend(const SummaryArguments& arguments, const Context& context);
Status summarise_network(const SummaryArguments& arguments, const Context& context);

}  // namespace bascule::cli
