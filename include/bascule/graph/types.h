#pragma once
// What is known of a value before anything runs.
#include <cstdint>
#include <stdexcept>
#include <string>

#include <bascule/base/dtype.h>
#include <bascule/base/shape.h>

namespace bascule {

/// Thrown while a graph is built wrongly: "[softmax] axis 3 of a value of rank 2". The message
/// starts with the op.
class GraphError : public std::runtime_error {
 public:
  GraphError(std::string_view op, const std::string& message);
};

enum class Storage : std::uint8_t {
  kDense,  ///< elements in row-major order
  kCsr     ///< compressed sparse rows; the number of non-zeros varies up to `capacity`
};

struct ValueType {
  DType dtype = DType::kF32;
  Shape shape;
  Storage storage = Storage::kDense;
  std::int64_t capacity = 0;  ///< of non-zeros; kCsr only

  /// Memory that holds any such value: elements; for CSR offsets (int64), indices (int32), values.
  [[nodiscard]] std::int64_t bytes() const;
  /// "f32[128, 10]", "f32[500, 20108] csr<=100000".
  [[nodiscard]] std::string to_string() const;
  bool operator==(const ValueType&) const = default;
};

inline ValueType f32(Shape shape) {
  return {DType::kF32, std::move(shape)};
}
inline ValueType i32(Shape shape) {
  return {DType::kI32, std::move(shape)};
}
inline ValueType i64(Shape shape) {
  return {DType::kI64, std::move(shape)};
}
/// Of rows × columns floats, at most `capacity` of them stored.
inline ValueType csr_f32(Shape shape, std::int64_t capacity) {
  return {DType::kF32, std::move(shape), Storage::kCsr, capacity};
}

}  // namespace bascule
