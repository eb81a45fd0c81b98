#include "devices/reference/log_sum_exp.h"
#include "devices/reference/loops.h"

namespace bascule::reference {
namespace {

/// Calls row(arguments, first element, columns) for every row; none when rows are empty.
template <class Row>
Loop each_row(const LoopRequest& request, Row row) {
  const Shape& shape = request.output().shape;
  return [=, count = shape.count(),
          columns = shape[shape.rank() - 1]](const KernelArguments& arguments) {
    for (std::int64_t first = 0; first < count; first += columns) row(arguments, first, columns);
  };
}

template <class Real, bool kLog>
Loop softmax(const LoopRequest& request) {
  return each_row(
      request, [](const KernelArguments& arguments, std::int64_t first, std::int64_t columns) {
        const Real* x = input<Real>(arguments, 0) + first;
        const double norm = log_sum_exp(x, columns);
        for (std::int64_t j = 0; j < columns; ++j) {
          const double y = static_cast<double>(x[j]) - norm;
          output<Real>(arguments)[first + j] = static_cast<Real>(kLog ? y : std::exp(y));
        }
      });
}

template <class Real>
Loop softmax_grad(const LoopRequest& request) {
  return each_row(
      request, [](const KernelArguments& arguments, std::int64_t first, std::int64_t columns) {
        const Real *g = input<Real>(arguments, 0) + first, *y = input<Real>(arguments, 1) + first;
        double sum = 0;
        for (std::int64_t j = 0; j < columns; ++j)
          sum += static_cast<double>(g[j]) * static_cast<double>(y[j]);
        for (std::int64_t j = 0; j < columns; ++j)
          output<Real>(arguments)[first + j] =
              static_cast<Real>(static_cast<double>(y[j]) * (static_cast<double>(g[j]) - sum));
      });
}

template <class Real>
Loop log_softmax_grad(const LoopRequest& request) {
  return each_row(request, [](const KernelArguments& arguments, std::int64_t first,
                              std::int64_t columns) {
    const Real *g = input<Real>(arguments, 0) + first, *y = input<Real>(arguments, 1) + first;
    double sum = 0;
    for (std::int64_t j = 0; j < columns; ++j) sum += static_cast<double>(g[j]);
    for (std::int64_t j = 0; j < columns; ++j)
      output<Real>(arguments)[first + j] =
          static_cast<Real>(static_cast<double>(g[j]) - std::exp(static_cast<double>(y[j])) * sum);
  });
}

}  // namespace

template <class Real>
std::vector<LoopEntry> softmax_loops() {
  return {{"softmax", softmax<Real, false>},
          {"log_softmax", softmax<Real, true>},
          {"softmax_grad", softmax_grad<Real>},
          {"log_softmax_grad", log_softmax_grad<Real>}};
}
template std::vector<LoopEntry> softmax_loops<float>();
template std::vector<LoopEntry> softmax_loops<double>();

}  // namespace bascule::reference
