#include "devices/reference/log_sum_exp.h"
#include "devices/reference/loops.h"

namespace bascule::reference {
namespace {

template <class Real>
Loop sparse_cross_entropy(const LoopRequest& request) {
  return [rows = request.inputs[0].shape[0],
          classes = request.inputs[0].shape[1]](const KernelArguments& arguments) {
    for (std::int64_t row = 0; row < rows; ++row) {
      const Real* x = input<Real>(arguments, 0) + row * classes;
      const std::int32_t label = input<std::int32_t>(arguments, 1)[row];
      const bool masked = label < 0 || label >= classes;
      output<Real>(arguments)[row] =
          static_cast<Real>(masked ? 0 : log_sum_exp(x, classes) - static_cast<double>(x[label]));
    }
  };
}

template <class Real>
Loop sparse_cross_entropy_grad(const LoopRequest& request) {
  return [rows = request.inputs[0].shape[0],
          classes = request.inputs[0].shape[1]](const KernelArguments& arguments) {
    for (std::int64_t row = 0; row < rows && classes > 0; ++row) {
      const Real* x = input<Real>(arguments, 0) + row * classes;
      const std::int32_t label = input<std::int32_t>(arguments, 1)[row];
      const bool masked = label < 0 || label >= classes;
      const auto g = static_cast<double>(input<Real>(arguments, 2)[row]);
      const double norm = log_sum_exp(x, classes);
      for (std::int64_t j = 0; j < classes; ++j) {
        const double slope = std::exp(static_cast<double>(x[j]) - norm) - (j == label ? 1 : 0);
        output<Real>(arguments)[row * classes + j] = static_cast<Real>(masked ? 0 : g * slope);
      }
    }
  };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> cross_entropy_loops() {
  return {{"sparse_cross_entropy", sparse_cross_entropy<Real>},
          {"sparse_cross_entropy_grad", sparse_cross_entropy_grad<Real>}};
}
template std::vector<LoopEntry> cross_entropy_loops<float>();
template std::vector<LoopEntry> cross_entropy_loops<double>();

}  // namespace bascule::reference
