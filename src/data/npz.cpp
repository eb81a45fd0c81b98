#include "data/npz.h"

namespace bascule {

Result<Ratings> read_npz_ratings(const std::string& path, const RatingsOptions& /*options*/) {
  return Error{Code::kBadData, path + ": npz not built yet"};
}

}  // namespace bascule
