#pragma once
// A reader of Python pickles as data: numbers, texts, lists, tuples, dicts and NumPy arrays of
// numbers. Nothing is ever imported or called. The few names that the pickle of an array refers to
// are understood by this reader itself; any other name, and any opcode that plain data does not
// need, is an error. Opcodes: Python's Lib/pickletools.py, protocols 2 to 5.
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <bascule/base/status.h>

#include "data/npy.h"

namespace bascule {

/// One object. Containers refer to others by their number, so that nothing recurses and a container
/// that holds itself does no harm.
struct PickleValue {
  enum class Kind : std::uint8_t {
    kNone,
    kBool,
    kInt,
    kFloat,
    kText,  ///< str, or bytes: Python 2 wrote both alike
    kList,
    kTuple,
    kDict,    ///< items are key, value, key, value …
    kSymbol,  ///< integer says which of the known names
    kDtype,   ///< integer is the number of its element type
    kArray    ///< integer is the number of the array, -1 before it has its elements
  };
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;  ///< kBool, kInt
  double number = 0;         ///< kFloat
  std::string_view text;
  std::vector<std::uint32_t> items;
};

class Pickle {
 public:
  /// Reads `bytes`, which must outlive the result. kBadData names the offset of the byte, and the
  /// opcode, that is not plain data, cut short, too deep (64) or beyond a million objects.
  static Result<Pickle> read(std::string_view bytes, const std::string& name);

  [[nodiscard]] const PickleValue& root() const { return values_[root_]; }
  [[nodiscard]] const PickleValue& at(std::uint32_t index) const { return values_[index]; }
  /// The value of a text key of the root; null when the root is no dict or has no such key.
  [[nodiscard]] const PickleValue* find(std::string_view key) const;
  /// Null when the value is no array.
  [[nodiscard]] const NpyView* array(const PickleValue& value) const;
  /// The integers of a list or tuple of integers or of a one-dimensional array; kBadData otherwise.
  [[nodiscard]] Result<std::vector<std::int64_t>> integers(const PickleValue& value) const;

 private:
  friend class PickleMachine;
  std::string name_;
  std::vector<PickleValue> values_;
  std::vector<NpyView> arrays_;
  std::vector<NpyHeader> dtypes_;
  std::deque<std::string> texts_;  // texts that do not stand in the file as they are
  std::uint32_t root_ = 0;
};

}  // namespace bascule
