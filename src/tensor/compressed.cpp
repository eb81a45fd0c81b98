#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <bascule/tensor/compressed.h>

namespace bascule {
namespace {

Error bad(std::string what) {
  return {Code::kBadData, "sparse matrix: " + std::move(what)};
}

}  // namespace

Status check_compressed(std::int64_t majors, std::int64_t minors,
                        std::span<const std::int64_t> offsets,
                        std::span<const std::int32_t> indices, std::span<const float> values) {
  if (majors < 0 || minors < 0 || minors > std::numeric_limits<std::int32_t>::max())
    return bad(fmt::format("shape {} × {} out of range", majors, minors));
  if (offsets.size() != static_cast<std::size_t>(majors) + 1)
    return bad(fmt::format("{} offsets for {} lines", offsets.size(), majors));
  if (indices.size() != values.size())
    return bad(fmt::format("{} indices but {} values", indices.size(), values.size()));
  if (offsets.front() != 0 || offsets.back() != static_cast<std::int64_t>(indices.size()))
    return bad("offsets do not span the indices");
  // All offsets first: a line is only read once its bounds are known to lie inside the arrays.
  for (std::int64_t m = 0; m < majors; ++m) {
    if (offsets[m] > offsets[m + 1]) return bad(fmt::format("offsets fall at line {}", m));
  }
  for (std::int64_t m = 0; m < majors; ++m) {
    std::int64_t previous = -1;
    for (std::int64_t p = offsets[m]; p < offsets[m + 1]; ++p) {
      if (indices[p] <= previous || indices[p] >= minors)
        return bad(fmt::format("index {} of line {} out of order or range", indices[p], m));
      if (!std::isfinite(values[p])) return bad(fmt::format("value of line {} is not finite", m));
      previous = indices[p];
    }
  }
  return {};
}

Result<Compressed> Compressed::make(std::int64_t majors, std::int64_t minors,
                                    std::vector<std::int64_t> offsets,
                                    std::vector<std::int32_t> indices, std::vector<float> values) {
  BASCULE_TRY(check_compressed(majors, minors, offsets, indices, values));
  Compressed matrix;
  matrix.minors_ = minors;
  matrix.offsets_ = std::move(offsets);
  matrix.indices_ = std::move(indices);
  matrix.values_ = std::move(values);
  return matrix;
}

Compressed flip(const CompressedView& matrix) {
  Compressed flipped;
  flipped.minors_ = matrix.majors;
  const std::int64_t nonzeros = matrix.nonzeros();
  flipped.indices_.resize(static_cast<std::size_t>(nonzeros));
  flipped.values_.resize(static_cast<std::size_t>(nonzeros));
  std::vector<std::int64_t> cursor(static_cast<std::size_t>(matrix.minors) + 1, 0);
  for (std::int64_t p = 0; p < nonzeros; ++p) ++cursor[matrix.indices[p] + 1];
  for (std::int64_t m = 0; m < matrix.minors; ++m) cursor[m + 1] += cursor[m];
  flipped.offsets_ = cursor;
  for (std::int64_t m = 0; m < matrix.majors; ++m) {
    for (std::int64_t p = matrix.offsets[m]; p < matrix.offsets[m + 1]; ++p) {
      const std::int64_t slot = cursor[matrix.indices[p]]++;
      flipped.indices_[slot] = static_cast<std::int32_t>(m);
      flipped.values_[slot] = matrix.values[p];
    }
  }
  return flipped;
}

Compressed copy(const CompressedView& matrix) {
  Compressed copied;
  copied.minors_ = matrix.minors;
  copied.offsets_.assign(matrix.offsets, matrix.offsets + matrix.majors + 1);
  copied.indices_.assign(matrix.indices, matrix.indices + matrix.nonzeros());
  copied.values_.assign(matrix.values, matrix.values + matrix.nonzeros());
  return copied;
}

}  // namespace bascule
