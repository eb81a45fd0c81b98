#pragma once
// Names of items (book titles, film titles) that come beside a ratings file.
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/data/id_table.h>
#include <bascule/data/read_report.h>

namespace bascule {

/// Item titles in UTF-8, one per id; the first row of an id wins.
struct Titles {
  IdTable ids;
  std::vector<std::string> titles;  ///< titles[i] belongs to ids[i]
  std::int64_t duplicates = 0;      ///< rows whose id had a title already
  ReadReport report;

  /// Empty when the id has no title.
  [[nodiscard]] std::string_view find(std::string_view id) const;
};

/// Reads the item table that belongs to the ratings at `ratings_path` (BX-Books.csv, movies.csv,
/// movies.dat, u.item, movie_titles.*), searched beside the file or in the folder; an empty table
/// when there is none. `pandas_compatible` as in RatingsOptions.
Result<Titles> read_titles_beside(const std::string& ratings_path, bool pandas_compatible = false);
/// Reads one item table.
Result<Titles> read_titles(const std::string& path, bool pandas_compatible = false);

}  // namespace bascule
