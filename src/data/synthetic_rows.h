#pragma once
// Rows of a synthetic set, user by user, before they are given names and written.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <bascule/data/synthetic.h>

#include "data/pair_generator.h"

namespace bascule {

struct SyntheticRow {
  std::int32_t item = 0;   ///< inside number
  std::uint32_t time = 0;  ///< seconds since 1970, within [kFirstTime, kLastTime]
  std::uint8_t level = 0;  ///< index into levels()
};

constexpr std::uint32_t kFirstTime = 942278400, kLastTime = 1135987200;  // 1999-11-11, 2005-12-31

/// What the writers need to know of a set. Users and items are inside numbers.
class SyntheticRows {
 public:
  SyntheticRows() = default;
  virtual ~SyntheticRows() = default;
  SyntheticRows(const SyntheticRows&) = delete;
  SyntheticRows& operator=(const SyntheticRows&) = delete;

  [[nodiscard]] virtual std::int64_t users() const = 0;
  [[nodiscard]] virtual std::int64_t items() const = 0;  ///< those with rows
  [[nodiscard]] virtual std::int64_t rows() const = 0;
  [[nodiscard]] virtual std::int64_t rows_of_user(std::int64_t user) const = 0;
  [[nodiscard]] virtual const TasteModel& model() const = 0;
  [[nodiscard]] virtual std::vector<double> levels() const = 0;
  /// Sets `rows` to those of `user`; pure but for `scratch`, made for model().items().
  virtual void get(std::int64_t user, ItemSet& scratch, std::vector<SyntheticRow>& rows) const = 0;
};

std::unique_ptr<SyntheticRows> plain_rows(const SyntheticOptions& options);
std::unique_ptr<SyntheticRows> full_bookcrossing_rows(const SyntheticOptions& options);

/// Facts of the complete Book-Crossing dump. The first four are what its documented preparation
/// leaves (rating > 5, ISBNs with more than two such ratings).
struct FullBookCrossing {
  static constexpr std::int64_t kKeptRows = 207073, kKeptItems = 25159, kKeptUsers = 50180,
                                kKeptPerItem = 3;
  static constexpr std::int64_t kRows = 1149780, kUsers = 105283, kItems = 340556, kListed = 271379;
  static constexpr std::int64_t kStarRaters = 298;
};

/// Inside number of the item that stands for ISBN 059035342X, and -1 in sets too small for it: the
/// first of the second series of the first group; its series are the sequels.
std::int32_t star_item(const TasteModel& model);

}  // namespace bascule
