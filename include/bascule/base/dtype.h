#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bascule {

/// Element types that a tensor or a file can hold. Names are those of safetensors.
enum class DType : std::uint8_t {
  kBool,
  kU8,
  kI8,
  kI16,
  kU16,
  kF16,
  kBf16,
  kI32,
  kU32,
  kF32,
  kF64,
  kI64,
  kU64
};

/// Bytes of one element.
std::size_t dtype_size(DType dtype);
/// "F32", "I64", …: the spelling of safetensors.
std::string_view dtype_name(DType dtype);
std::optional<DType> dtype_from_name(std::string_view name);

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::kF32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::kF64;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::kI32;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::kI64;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::kU8;
}

}  // namespace bascule
