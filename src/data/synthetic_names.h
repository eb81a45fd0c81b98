#pragma once
// Names for synthetic users, books and films.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/taste_model.h"

namespace bascule {

/// ISBN-10 of a nine-digit core with its check digit, which is X for ten (ISO 2108:1992).
std::string isbn10(std::uint32_t core);

/// Distinct nine-digit cores for `count` books. `star` and the rest of its series, if any, get
/// those of 059035342X and its sequels.
std::vector<std::uint32_t> isbn_cores(std::int64_t count, std::int32_t star);

/// Titles, authors and the like of item `item`, by arithmetic on its number: distinct titles for
/// distinct items.
struct SyntheticNames {
  std::int32_t star = -1;  ///< titled as ISBN 059035342X, with its sequels

  /// Plain ASCII but for some e with acute in `accent`; some titles hold `&` or quotes.
  [[nodiscard]] std::string title(std::int64_t item, std::string_view accent) const;
  [[nodiscard]] static std::string author(std::int64_t item, std::int32_t group);
  [[nodiscard]] static std::string_view publisher(std::int64_t item);
  [[nodiscard]] static int year(std::int64_t item);
  /// Genre of a taste group, in MovieLens' words.
  [[nodiscard]] static std::string_view genre(std::int32_t group);
};

}  // namespace bascule
