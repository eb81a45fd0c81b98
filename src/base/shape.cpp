#include <cassert>
#include <optional>

#include <bascule/base/checked.h>
#include <bascule/base/shape.h>

namespace bascule {
namespace {

std::optional<std::int64_t> product(const std::vector<std::int64_t>& extents) {
  std::int64_t count = 1;
  for (const std::int64_t extent : extents) {
    const auto next = checked_mul(count, extent);
    if (!next) return std::nullopt;
    count = *next;
  }
  return count;
}

}  // namespace

Shape::Shape(std::initializer_list<std::int64_t> extents) : extents_(extents) {
  const auto count = product(extents_);
  assert(count);
  count_ = count.value_or(0);
}

Result<Shape> Shape::make(std::vector<std::int64_t> extents) {
  const auto count = product(extents);
  if (!count) return Error{Code::kBadData, "shape has a negative extent or too many elements"};
  Shape shape;
  shape.extents_ = std::move(extents);
  shape.count_ = *count;
  return shape;
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (std::size_t i = 0; i < extents_.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(extents_[i]);
  }
  return text + "]";
}

}  // namespace bascule
