#include <bascule/data/ratings.h>

#include "data/folder.h"
#include "data/npz.h"
#include "data/read.h"

namespace bascule {

Result<Ratings> read_ratings(const std::string& path, const RatingsOptions& options,
                             ThreadPool& pool) {
  if (options.format == "npz") return read_npz_ratings(path, options);
  BASCULE_ASSIGN(const std::vector<std::string> files, rating_files(path, options.part));
  std::vector<Source> sources;
  for (const std::string& file : files) {
    BASCULE_ASSIGN(Source source, Source::open(file, options.max_bytes));
    const bool zip = source.bytes().starts_with("PK\x03\x04");
    if (zip && options.format == "auto") return read_npz_ratings(file, options);
    sources.push_back(std::move(source));
  }
  return read_sources(sources, options, pool);
}

}  // namespace bascule
