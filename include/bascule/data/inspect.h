#pragma once
// What a set of ratings or a labelled set holds: the facts behind `bascule data inspect`.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/data/labelled.h>
#include <bascule/data/ratings.h>
#include <bascule/data/read_report.h>

namespace bascule {

struct Inspection {
  ReadReport report;
  std::int64_t users = 0, items = 0;  ///< with at least one kept rating
  std::int64_t duplicates = 0;        ///< ratings whose (user, item) pair was there before
  /// Distinct pairs over users × items; 0 when there are none.
  double density = 0;
  /// How often each rating occurs, for the kept rows. At most `kMaxHistogram` distinct values are
  /// listed; rarer, later ones are counted in `other_values`.
  std::map<float, std::int64_t> histogram;
  std::int64_t other_values = 0;
  bool has_time = false;
  std::int64_t first_time = 0, last_time = 0;  ///< seconds since 1970, when has_time

  static constexpr std::size_t kMaxHistogram = 1000;
};

/// Reads the set as read_ratings does (times included where the layout has them) and counts.
Result<Inspection> inspect(const std::string& path, const RatingsOptions& options = {},
                           ThreadPool& pool = default_pool());

/// One part of a labelled set.
struct LabelledPart {
  std::string name;  ///< "train", "valid", "test"
  std::int64_t samples = 0;
  std::vector<std::int64_t> histogram;  ///< samples of each class; empty for regression
  /// Of the features as they are in the file.
  double minimum = 0, maximum = 0, mean = 0;
};

struct LabelledInspection {
  ReadReport report;
  Shape sample_shape;
  bool bytes = false;                ///< features are bytes, else float32
  std::vector<std::string> classes;  ///< empty for regression
  std::int64_t target_width = 0;     ///< 0 for classification
  std::vector<LabelledPart> parts;   ///< those that the set has
};

/// Reads the set as read_labelled does and counts. labelled_format says beforehand whether a path
/// is a labelled set at all.
Result<LabelledInspection> inspect_labelled(const std::string& path,
                                            const LabelledReadOptions& options = {},
                                            ThreadPool& pool = default_pool());

}  // namespace bascule
