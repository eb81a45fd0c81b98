#include <algorithm>

#include "devices/reference/loops.h"
#include "devices/reference/strides.h"

namespace bascule::reference {
namespace {

/// The walks over the elements that remain and, from each, over those that it stands for.
struct Reduction {
  Walk outer, inner;
};

Reduction reduction(const LoopRequest& request) {
  const Shape& shape = request.inputs[0].shape;
  const auto& axes = request.attributes().integers("axes");
  const std::vector<std::int64_t> own = row_major_strides(shape);
  std::vector<std::int64_t> extents[2], strides[2];
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    const bool inner = std::find(axes.begin(), axes.end(), axis) != axes.end();
    extents[inner].push_back(shape[axis]);
    strides[inner].push_back(own[axis]);
  }
  return {{extents[0], strides[0]}, {extents[1], strides[1]}};
}

template <class Real>
Loop sum(const LoopRequest& request) {
  return [r = reduction(request)](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < r.outer.count(); ++i) {
      const Real* x = input<Real>(arguments, 0) + r.outer[i];
      double total = 0;
      for (std::int64_t j = 0; j < r.inner.count(); ++j)
        total += static_cast<double>(x[r.inner[j]]);
      output<Real>(arguments)[i] = static_cast<Real>(total);
    }
  };
}

/// Is `a` the greater one? A NaN is greater than any number, so that it is not lost.
template <class Real>
bool exceeds(Real a, Real b) {
  return a > b || (a != a && b == b);
}

template <class Real>
Loop max(const LoopRequest& request) {
  return [r = reduction(request)](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < r.outer.count(); ++i) {
      const Real* x = input<Real>(arguments, 0) + r.outer[i];
      Real best = x[0];
      for (std::int64_t j = 1; j < r.inner.count(); ++j)
        if (exceeds(x[r.inner[j]], best)) best = x[r.inner[j]];
      output<Real>(arguments)[i] = best;
    }
  };
}

template <class Real>
Loop argmax(const LoopRequest& request) {
  const Shape& shape = request.inputs[0].shape;
  return [rows = request.output().shape.count(),
          columns = shape[shape.rank() - 1]](const KernelArguments& arguments) {
    for (std::int64_t row = 0; row < rows; ++row) {
      const Real* x = input<Real>(arguments, 0) + row * columns;
      std::int64_t best = 0;
      for (std::int64_t j = 1; j < columns; ++j)
        if (exceeds(x[j], x[best])) best = j;
      output<std::int32_t>(arguments)[row] = static_cast<std::int32_t>(best);
    }
  };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> reduce_loops() {
  return {{"sum", sum<Real>}, {"max", max<Real>}, {"argmax", argmax<Real>}};
}
template std::vector<LoopEntry> reduce_loops<float>();
template std::vector<LoopEntry> reduce_loops<double>();

}  // namespace bascule::reference
