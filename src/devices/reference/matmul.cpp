#include "devices/reference/loops.h"

namespace bascule::reference {
namespace {

template <class Real>
Loop matmul(const LoopRequest& request) {
  const Shape &a = request.inputs[0].shape, &b = request.inputs[1].shape;
  const bool ta = request.attributes().flag("transpose_a");
  const bool tb = request.attributes().flag("transpose_b");
  const std::int64_t m = request.output().shape[0], n = request.output().shape[1];
  const std::int64_t k = a[ta ? 0 : 1];
  const std::int64_t a_row = ta ? 1 : a[1], a_column = ta ? a[1] : 1;
  const std::int64_t b_row = tb ? 1 : b[1], b_column = tb ? b[1] : 1;
  return [=](const KernelArguments& arguments) {
    const Real *x = input<Real>(arguments, 0), *y = input<Real>(arguments, 1);
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::int64_t p = 0; p < k; ++p)
          sum += static_cast<double>(x[i * a_row + p * a_column]) *
                 static_cast<double>(y[p * b_row + j * b_column]);
        output<Real>(arguments)[i * n + j] = static_cast<Real>(sum);
      }
    }
  };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> matmul_loops() {
  return {{"matmul", matmul<Real>}};
}
template std::vector<LoopEntry> matmul_loops<float>();
template std::vector<LoopEntry> matmul_loops<double>();

}  // namespace bascule::reference
