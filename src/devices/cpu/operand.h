#pragma once
// How an element-wise kernel reads an operand that broadcasts to its result.
#include <cstdint>
#include <vector>

#include <bascule/base/shape.h>

namespace bascule::detail {

class Operand {
 public:
  Operand(const Shape& shape, const Shape& result);

  /// It has the result's elements in their order.
  [[nodiscard]] bool full() const { return form_ == Form::kFull; }
  /// Elements after which it starts again, when it repeats as a whole; 0 otherwise.
  [[nodiscard]] std::int64_t tile() const {
    return form_ == Form::kRepeat && inner_ == 1 ? period_ : 0;
  }
  /// Blocks of this many elements of the result all see the same elements of it.
  [[nodiscard]] bool same_for_blocks_of(std::int64_t block) const {
    return form_ == Form::kScalar || (tile() > 0 && block % tile() == 0);
  }
  /// Elements [begin, begin + n) of the result as this operand gives them: in `data`, or written to
  /// `scratch`, which has room for kOverrun more. T: float, int32, int64, uint16.
  template <class T>
  const T* read(const T* data, std::int64_t begin, std::int64_t n, T* scratch) const;

  static constexpr std::int64_t kOverrun = 16;

 private:
  enum class Form { kFull, kScalar, kRepeat, kStrided };
  template <class T>
  void repeat(const T* data, std::int64_t begin, std::int64_t n, T* scratch) const;
  template <class T>
  void gather(const T* data, std::int64_t begin, std::int64_t n, T* scratch) const;

  Form form_ = Form::kFull;
  // kRepeat: element i of the result reads element (i / inner_) % period_.
  std::int64_t inner_ = 1, period_ = 1;
  // kStrided: the result's axes, merged where the operand allows it; stride 0 where it is repeated.
  struct Axis {
    std::int64_t extent, stride;
  };
  std::vector<Axis> axes_;
};

}  // namespace bascule::detail
