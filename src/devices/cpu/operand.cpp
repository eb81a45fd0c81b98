#include "devices/cpu/operand.h"

#include <algorithm>

namespace bascule::detail {
namespace {

/// Fills [out, out + n) and perhaps kOverrun elements more; short fills without a loop.
template <class T>
void fill(T* out, std::int64_t n, T value) {
  if (n > Operand::kOverrun) {
    std::fill_n(out, n, value);
    return;
  }
  for (std::int64_t i = 0; i < Operand::kOverrun; ++i) out[i] = value;
}

}  // namespace

Operand::Operand(const Shape& shape, const Shape& result) {
  const std::size_t added = result.rank() - shape.rank();
  std::int64_t stride = 1;
  for (std::size_t axis = result.rank(); axis-- > 0;) {
    const std::int64_t extent = result[axis];
    const std::int64_t own = axis < added ? 1 : shape[axis - added];
    if (extent == 1) continue;
    const std::int64_t step = own == 1 ? 0 : stride;
    // The operand is contiguous: neighbours that it has, and neighbours that it lacks, merge.
    if (!axes_.empty() && (axes_.front().stride == 0) == (step == 0)) {
      axes_.front().extent *= extent;
    } else {
      axes_.insert(axes_.begin(), {extent, step});
    }
    stride *= own;
  }
  const auto repeated = [&](std::size_t i) { return axes_[i].stride == 0; };
  const std::size_t rank = axes_.size();
  if (rank == 0 || (rank == 1 && !repeated(0))) {
    form_ = Form::kFull;
  } else if (rank == 1) {
    form_ = Form::kScalar;
  } else if (rank == 2 || (rank == 3 && repeated(0))) {
    form_ = Form::kRepeat;
    if (repeated(rank - 1)) inner_ = axes_[rank - 1].extent;
    period_ = axes_[repeated(rank - 1) ? rank - 2 : rank - 1].extent;
  } else {
    form_ = Form::kStrided;
  }
}

template <class T>
void Operand::repeat(const T* data, std::int64_t begin, std::int64_t n, T* scratch) const {
  if (inner_ == 1) {
    std::int64_t at = begin % period_;
    while (n > 0) {
      const std::int64_t count = std::min(n, period_ - at);
      std::copy_n(data + at, count, scratch);
      scratch += count;
      n -= count;
      at = 0;
    }
    return;
  }
  std::int64_t element = begin / inner_ % period_, left = inner_ - begin % inner_;
  while (n > 0) {
    const std::int64_t count = std::min(n, left);
    fill(scratch, count, data[element]);
    scratch += count;
    n -= count;
    left = inner_;
    if (++element == period_) element = 0;
  }
}

template <class T>
void Operand::gather(const T* data, std::int64_t begin, std::int64_t n, T* scratch) const {
  const Axis& last = axes_.back();
  while (n > 0) {
    std::int64_t rest = begin / last.extent, at = begin % last.extent * last.stride;
    for (std::size_t axis = axes_.size() - 1; axis-- > 0;) {
      at += rest % axes_[axis].extent * axes_[axis].stride;
      rest /= axes_[axis].extent;
    }
    const std::int64_t count = std::min(n, last.extent - begin % last.extent);
    if (last.stride == 0) {
      fill(scratch, count, data[at]);
    } else {
      std::copy_n(data + at, count, scratch);
    }
    scratch += count;
    begin += count;
    n -= count;
  }
}

template <class T>
const T* Operand::read(const T* data, std::int64_t begin, std::int64_t n, T* scratch) const {
  switch (form_) {
    case Form::kFull:
      return data + begin;
    case Form::kScalar:
      fill(scratch, n, data[0]);
      return scratch;
    case Form::kRepeat:
      if (inner_ == 1 && begin % period_ + n <= period_) return data + begin % period_;
      repeat(data, begin, n, scratch);
      return scratch;
    case Form::kStrided:
      gather(data, begin, n, scratch);
      return scratch;
  }
  return scratch;
}

template const float* Operand::read(const float*, std::int64_t, std::int64_t, float*) const;
template const std::int32_t* Operand::read(const std::int32_t*, std::int64_t, std::int64_t,
                                           std::int32_t*) const;
template const std::int64_t* Operand::read(const std::int64_t*, std::int64_t, std::int64_t,
                                           std::int64_t*) const;
template const std::uint16_t* Operand::read(const std::uint16_t*, std::int64_t, std::int64_t,
                                            std::uint16_t*) const;

}  // namespace bascule::detail
