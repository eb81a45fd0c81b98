#include "run/constants.h"

#include <cstring>

#include <fmt/format.h>

#include <bascule/base/bf16.h>

namespace bascule {
namespace {

template <class T>
std::vector<std::byte> fill(T element, std::int64_t count) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(count) * sizeof(T));
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(T))
    std::memcpy(bytes.data() + at, &element, sizeof(T));
  return bytes;
}

}  // namespace

Result<std::vector<std::byte>> repeated(double element, const ValueType& type) {
  const std::int64_t count = type.shape.count();
  switch (type.storage == Storage::kDense ? type.dtype : DType::kBool) {
    case DType::kF32:
      return fill(static_cast<float>(element), count);
    case DType::kBf16:
      return fill(Bf16(static_cast<float>(element)), count);
    case DType::kI32:
      return fill(static_cast<std::int32_t>(element), count);
    case DType::kI64:
      return fill(static_cast<std::int64_t>(element), count);
    default:
      return Error{Code::kUsage, fmt::format("[constant] cannot be {}", type.to_string())};
  }
}

}  // namespace bascule
