#pragma once
// Reading ratings in any of the layouts of the field, plain or compressed.
#include <limits>
#include <optional>
#include <string>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/interactions.h>
#include <bascule/data/read_report.h>

namespace bascule {

/// How a ratings file is to be read. The defaults recognise the layout and read every recoverable
/// row.
struct RatingsOptions {
  /// Name of a layout (see `ratings_formats`), or "auto".
  std::string format = "auto";
  /// Column names for "csv"/"tsv" (or 1-based positions where there is no header). Empty: guessed
  /// from usual names (user, userId, user_id, item, movieId, ISBN, rating, timestamp, …).
  std::string user_column, item_column, rating_column, time_column;
  /// Rows with a smaller rating are counted as good but not kept; their ids are not numbered.
  float min_rating = -std::numeric_limits<float>::infinity();
  /// Skip exactly the rows that pandas.read_csv(sep=…, on_bad_lines="skip") skips (no escape
  /// character), instead of reading every recoverable row.
  bool pandas_compatible = false;
  /// The first malformed row is an error (kBadData) that names file and line.
  bool strict = false;
  /// Fill Interactions::time where the format has it.
  bool with_time = false;
  /// Which of a set's ready-made parts to read ("train", "valid", "test"); empty: all, merged.
  std::string part;
  /// Upper bound of bytes after decompression, per file.
  std::int64_t max_bytes = std::int64_t{64} << 30;
};

struct Ratings {
  Interactions interactions;
  ReadReport report;
};

/// Reads `path`, a file or a folder that holds a known set. Fails with kBadData (unreadable,
/// unknown layout, too large, strict and malformed); the message names file and line.
Result<Ratings> read_ratings(const std::string& path, const RatingsOptions& options = {},
                             ThreadPool& pool = default_pool());

/// The layouts by name, with one line of description each.
struct FormatInfo {
  std::string_view name, description;
};
std::vector<FormatInfo> ratings_formats();

}  // namespace bascule
