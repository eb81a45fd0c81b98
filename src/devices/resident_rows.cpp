#include <cmath>

#include <bascule/devices/resident_rows.h>

namespace bascule {

double inverse_length(SparseLine line) {
  double squares = 0;
  for (const float value : line.values) squares += double{value} * double{value};
  return squares > 0 ? 1 / std::sqrt(squares) : 0;
}

std::int64_t resident_bytes(const CompressedView& matrix, std::int64_t rows,
                            std::int64_t elements) {
  constexpr std::int64_t kElement = sizeof(std::int32_t) + sizeof(float), kOffset = 8, kLength = 8;
  const std::int64_t whole =
      kOffset * (matrix.majors + 1) + kLength * matrix.majors + kElement * matrix.nonzeros();
  const std::int64_t batch = kOffset * (rows + 1) + kElement * elements;
  return whole + 2 * batch + static_cast<std::int64_t>(sizeof(std::int32_t)) * rows;
}

}  // namespace bascule
