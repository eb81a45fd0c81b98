#pragma once
// What a reader found in a file, good and bad. Nothing is dropped silently.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bascule {

/// One kind of malformed row with where it was first seen.
struct Malformed {
  std::int64_t count = 0;
  struct Example {
    std::string file;
    std::int64_t line = 0;  ///< 1-based; byte offset for binary formats
    std::string text;       ///< the start of the row, control characters escaped, at most 120 bytes
  };
  std::vector<Example> examples;  ///< the first few, in file order
};

struct ReadReport {
  std::string format;    ///< "bookcrossing", "movielens-dat", …
  std::string encoding;  ///< "UTF-8", "ISO-8859-1", "ASCII"
  std::vector<std::string> files;
  std::int64_t rows = 0;  ///< data rows seen, good or malformed, header not counted
  std::int64_t good = 0;  ///< rows that were read; rows == good + sum of malformed
  std::int64_t kept = 0;  ///< good rows that passed the reader's filter
  std::map<std::string, Malformed> malformed;  ///< by kind: "too_few_fields", "bad_rating", …

  [[nodiscard]] std::int64_t malformed_rows() const {
    std::int64_t total = 0;
    for (const auto& [kind, entry] : malformed) total += entry.count;
    return total;
  }
};

}  // namespace bascule
