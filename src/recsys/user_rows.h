#pragma once
// Batches of users as CSR values.
#include <cstdint>
#include <span>
#include <vector>

#include <bascule/base/random_values.h>
#include <bascule/devices/device.h>
#include <bascule/devices/resident_rows.h>
#include <bascule/tensor/compressed.h>

namespace bascule::detail {

/// Rows in memory that is kept from batch to batch.
class UserRows {
 public:
  void clear();
  /// A row as it is.
  void add(SparseLine line);
  /// A row scaled to length 1, less the items that are left out, the others scaled by
  /// 1 / (1 − rate).
  void add_normalised(SparseLine line);
  void add_normalised(SparseLine line, std::int64_t row, std::int64_t items,
                      const RowDropout& dropout);
  /// All rows of `other` after those that are there.
  void append(const UserRows& other);
  /// Rows without elements, until there are `rows` in all.
  void fill_up(std::int64_t rows);

  [[nodiscard]] CsrArgument argument() {
    return {offsets_.data(), indices_.data(), values_.data()};
  }

 private:
  void end_row() { offsets_.push_back(static_cast<std::int64_t>(indices_.size())); }

  std::vector<std::int64_t> offsets_ = {0};
  std::vector<std::int32_t> indices_;
  std::vector<float> values_;
};

/// The most elements that any `rows` rows can store together.
std::int64_t largest_batch(const CompressedView& x, std::int64_t rows);

}  // namespace bascule::detail
