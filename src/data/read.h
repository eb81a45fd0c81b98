#pragma once
// Reading opened sources; read_ratings finds and opens them first.
#include <vector>

#include <bascule/data/ratings.h>

#include "data/source.h"

namespace bascule {

/// All rows of the sources, one after another, as if they were one file.
Result<Ratings> read_sources(const std::vector<Source>& sources, const RatingsOptions& options,
                             ThreadPool& pool);

/// The same for one file in memory, plain or compressed.
Result<Ratings> read_ratings_from_memory(const std::string& name, std::string_view bytes,
                                         const RatingsOptions& options, ThreadPool& pool);

}  // namespace bascule
