#include <cassert>

#include <bascule/graph/graph.h>

namespace bascule {

std::vector<std::int64_t> encode_type(const ValueType& type) {
  std::vector<std::int64_t> code = {static_cast<std::int64_t>(type.dtype),
                                    static_cast<std::int64_t>(type.storage), type.capacity};
  code.insert(code.end(), type.shape.extents().begin(), type.shape.extents().end());
  return code;
}

ValueType decode_type(const std::vector<std::int64_t>& code) {
  assert(code.size() >= 3);
  ValueType type;
  type.dtype = static_cast<DType>(code[0]);
  type.storage = static_cast<Storage>(code[1]);
  type.capacity = code[2];
  auto shape = Shape::make({code.begin() + 3, code.end()});
  assert(shape.ok());
  type.shape = std::move(shape).value();
  return type;
}

}  // namespace bascule
