#include <algorithm>

#include <fmt/format.h>

#include <bascule/graph/types.h>

namespace bascule {

GraphError::GraphError(std::string_view op, const std::string& message)
    : std::runtime_error(fmt::format("[{}] {}", op, message)) {}

std::int64_t ValueType::bytes() const {
  const auto element = static_cast<std::int64_t>(dtype_size(dtype));
  if (storage == Storage::kDense) return shape.count() * element;
  return (shape[0] + 1) * std::int64_t{8} + capacity * (std::int64_t{4} + element);
}

std::string ValueType::to_string() const {
  std::string name(dtype_name(dtype));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string text = name + shape.to_string();
  if (storage == Storage::kCsr) text += fmt::format(" csr<={}", capacity);
  return text;
}

}  // namespace bascule
