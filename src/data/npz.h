#pragma once
#include <string>

#include <bascule/base/status.h>
#include <bascule/data/ratings.h>

namespace bascule {

/// Reads a sparse matrix as written by scipy.sparse.save_npz (CSR or CSC, stored or deflated):
/// rows are users, columns are items, ids are decimal row and column numbers. Entries come in the
/// order of the file. Ratings that are not finite are counted as malformed ("bad_rating", located
/// by the entry's 1-based number). A damaged archive or a matrix that contradicts itself is
/// kBadData.
Result<Ratings> read_npz_ratings(const std::string& path, const RatingsOptions& options);

}  // namespace bascule
