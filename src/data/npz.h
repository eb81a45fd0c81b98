#pragma once
// Ratings from a SciPy .npz file that holds a CSR matrix (rows are users).
#include <string>

#include <bascule/data/ratings.h>

namespace bascule {

Result<Ratings> read_npz_ratings(const std::string& path, const RatingsOptions& options);

}  // namespace bascule
