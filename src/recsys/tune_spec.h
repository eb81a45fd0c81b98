#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bascule::detail {

/// What a search may do with one type of model.
struct TunableModel {
  std::string_view type;
  std::vector<std::string> keys;  ///< that it reads
  std::string_view ranges;        ///< the usual ones, as in [tune.ranges]; empty: nothing to search
};

/// Null for a type that is not known.
const TunableModel* tunable_model(std::string_view type);

}  // namespace bascule::detail
