#include <array>

#include <bascule/base/dtype.h>

namespace bascule {
namespace {

struct Entry {
  std::string_view name;
  std::size_t size;
};

// In the order of DType.
constexpr std::array<Entry, 13> kEntries{{{"BOOL", 1},
                                          {"U8", 1},
                                          {"I8", 1},
                                          {"I16", 2},
                                          {"U16", 2},
                                          {"F16", 2},
                                          {"BF16", 2},
                                          {"I32", 4},
                                          {"U32", 4},
                                          {"F32", 4},
                                          {"F64", 8},
                                          {"I64", 8},
                                          {"U64", 8}}};

}  // namespace

std::size_t dtype_size(DType dtype) {
  return kEntries[static_cast<std::size_t>(dtype)].size;
}

std::string_view dtype_name(DType dtype) {
  return kEntries[static_cast<std::size_t>(dtype)].name;
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (kEntries[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

}  // namespace bascule
