#pragma once
// Seeded synthetic ratings (`data make`): popularity by a power law, long-tailed activity of users,
// and latent taste, so that models which learn taste beat plain popularity. Every number asked for
// is met exactly. Output depends on the options alone, not on the number of threads.
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>

namespace bascule {

/// Which files are written.
enum class SyntheticLayout {
  kBookCrossing,  ///< BX-Book-Ratings.csv and BX-Books.csv: `;`, quoted, ISO-8859-1
  kMovieLens,     ///< ratings.csv with times, movies.csv
  kNetflix,       ///< combined_data_1.txt … combined_data_4.txt, movie_titles.csv
  kCsv            ///< ratings.csv: user,item,rating,timestamp
};

struct SyntheticOptions {
  SyntheticLayout layout = SyntheticLayout::kCsv;
  std::int64_t users = 1000;     ///< each has at least min_user_ratings
  std::int64_t items = 500;      ///< rated items; each has at least one when ratings >= items
  std::int64_t ratings = 20000;  ///< distinct (user, item) pairs
  std::int64_t min_user_ratings = 1;
  std::int64_t listed_items = 0;  ///< items in the table of titles, if more than `items`
  /// Ratings run from `lowest` to `highest` in steps of `step`.
  double lowest = 1, highest = 5, step = 1;
  std::uint64_t seed = 1;
  /// The full Book-Crossing dump in shape: `users`, `items` and `ratings` then describe the rows
  /// above 5 of books with more than two of them, and rows that a usual preparation drops are added
  /// up to the size of the dump. Set by the preset; kUsage with any other sizes or layout.
  bool full_bookcrossing = false;

  std::function<void(std::int64_t done, std::int64_t total)> progress;  ///< rows written
  const std::atomic<bool>* cancel = nullptr;  ///< set: stop with kInterrupted
};

struct SyntheticReport {
  std::int64_t rows = 0, users = 0, items = 0;  ///< as written
  std::vector<std::string> files;               ///< names of those with rows and titles
};

/// Sizes of a real set: "bookcrossing", "ml-20m" or "netflix"; kUsage for other names.
/// bookcrossing: 1,149,780 rows of 105,283 users; rating > 5 and then ISBNs with more than two such
/// rows leaves 207,073 rows, 25,159 ISBNs and 50,180 users; ISBN 059035342X has 298 of them.
Result<SyntheticOptions> synthetic_preset(std::string_view name);
/// "bookcrossing", "movielens", "netflix", "csv" with that layout's usual scale of ratings; kUsage
/// for other names.
Result<SyntheticOptions> synthetic_layout(std::string_view name);

/// Writes the set's files into `folder`, each one atomically, and after them a note that they are
/// synthetic. kUsage when the numbers contradict each other, kFailed when a file cannot be written.
Result<SyntheticReport> make_synthetic(const SyntheticOptions& options, const std::string& folder,
                                       ThreadPool& pool = default_pool());

/// Whether such a note lies beside the ratings: `path` is a set's folder, or a file in it.
bool is_synthetic(const std::string& path);

}  // namespace bascule
