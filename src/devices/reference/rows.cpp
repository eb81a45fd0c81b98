#include <algorithm>

#include "devices/reference/loops.h"

namespace bascule::reference {
namespace {

bool inside(std::int32_t index, std::int64_t count) {
  return index >= 0 && index < count;
}

template <class Real>
Loop gather_rows(const LoopRequest& request) {
  return [rows = request.inputs[0].shape[0], columns = request.inputs[0].shape[1],
          count = request.inputs[1].shape.count()](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int32_t row = input<std::int32_t>(arguments, 1)[i];
      for (std::int64_t j = 0; j < columns; ++j)
        output<Real>(arguments)[i * columns + j] =
            inside(row, rows) ? input<Real>(arguments, 0)[row * columns + j] : 0;
    }
  };
}

/// Each sum is a double over the values in their order.
template <class Real>
Loop scatter_add_rows(const LoopRequest& request) {
  return [rows = request.output().shape[0], columns = request.output().shape[1],
          count = request.inputs[1].shape.count()](const KernelArguments& arguments) {
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t j = 0; j < columns; ++j) {
        double sum = 0;
        for (std::int64_t i = 0; i < count; ++i) {
          if (input<std::int32_t>(arguments, 1)[i] == row)
            sum += static_cast<double>(input<Real>(arguments, 0)[i * columns + j]);
        }
        output<Real>(arguments)[row * columns + j] = static_cast<Real>(sum);
      }
    }
  };
}

template <class Real>
Loop pick(const LoopRequest& request) {
  return [rows = request.inputs[0].shape[0],
          columns = request.inputs[0].shape[1]](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int32_t index = input<std::int32_t>(arguments, 1)[i];
      output<Real>(arguments)[i] =
          inside(index, columns) ? input<Real>(arguments, 0)[i * columns + index] : 0;
    }
  };
}

template <class Real>
Loop place(const LoopRequest& request) {
  return [rows = request.output().shape[0],
          columns = request.output().shape[1]](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int32_t index = input<std::int32_t>(arguments, 1)[i];
      for (std::int64_t j = 0; j < columns; ++j)
        output<Real>(arguments)[i * columns + j] = j == index ? input<Real>(arguments, 0)[i] : 0;
    }
  };
}

template <class Real>
Loop one_hot(const LoopRequest& request) {
  return [count = request.inputs[0].shape.count(),
          classes = request.attributes().integer("classes")](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j < classes; ++j)
        output<Real>(arguments)[i * classes + j] = input<std::int32_t>(arguments, 0)[i] == j;
    }
  };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> row_loops() {
  return {{"gather_rows", gather_rows<Real>},
          {"scatter_add_rows", scatter_add_rows<Real>},
          {"pick", pick<Real>},
          {"place", place<Real>},
          {"one_hot", one_hot<Real>}};
}
template std::vector<LoopEntry> row_loops<float>();
template std::vector<LoopEntry> row_loops<double>();

}  // namespace bascule::reference
