#include "recsys/user_rows.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace bascule::detail {
void UserRows::clear() {
  offsets_.resize(1);
  indices_.clear();
  values_.clear();
}

void UserRows::add(SparseLine line) {
  indices_.insert(indices_.end(), line.indices.begin(), line.indices.end());
  values_.insert(values_.end(), line.values.begin(), line.values.end());
  end_row();
}

void UserRows::add_normalised(SparseLine line) {
  add_normalised(line, 0, 0, {});
}

void UserRows::add_normalised(SparseLine line, std::int64_t row, std::int64_t items,
                              const RowDropout& dropout) {
  const auto factor = static_cast<float>(inverse_length(line) / (1 - dropout.rate));
  const auto rate = static_cast<float>(dropout.rate);
  std::uint64_t block = ~std::uint64_t{0};
  PhiloxBlock words = {};
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (rate > 0) {
      const auto element = static_cast<std::uint64_t>(row * items + line.indices[i]);
      if (element / 4 != block) words = dropout.random.block(block = element / 4, dropout.step);
      if (RandomValues::uniform(words[element % 4]) < rate) continue;
    }
    indices_.push_back(line.indices[i]);
    values_.push_back(line.values[i] * factor);
  }
  end_row();
}

void UserRows::append(const UserRows& other) {
  const std::int64_t stored = std::ssize(indices_);
  for (std::size_t row = 1; row < other.offsets_.size(); ++row)
    offsets_.push_back(stored + other.offsets_[row]);
  indices_.insert(indices_.end(), other.indices_.begin(), other.indices_.end());
  values_.insert(values_.end(), other.values_.begin(), other.values_.end());
}

void UserRows::fill_up(std::int64_t rows) {
  while (std::ssize(offsets_) <= rows) end_row();
}

std::int64_t largest_batch(const CompressedView& x, std::int64_t rows) {
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(x.majors));
  for (std::int64_t r = 0; r < x.majors; ++r) lengths[static_cast<std::size_t>(r)] = x.length(r);
  const auto most = std::min(rows, x.majors);
  std::nth_element(lengths.begin(), lengths.begin() + most, lengths.end(), std::greater<>());
  return std::accumulate(lengths.begin(), lengths.begin() + most, std::int64_t{0});
}

}  // namespace bascule::detail
