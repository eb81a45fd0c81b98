// Products with sparse matrices, and the likelihood of sparse counts.
#include "devices/reference/sparse.h"

#include "devices/reference/log_sum_exp.h"
#include "devices/reference/loops.h"

namespace bascule::reference {
namespace {

template <class Real>
Loop sparse_matmul(const LoopRequest& request) {
  return [rows = request.inputs[0].shape[0],
          columns = request.inputs[1].shape[1]](const KernelArguments& arguments) {
    const CsrArgument& x = *input<CsrArgument>(arguments, 0);
    const Real* w = input<Real>(arguments, 1);
    for (std::int64_t i = 0; i < rows * columns; ++i) {
      double sum = 0;
      for (std::int64_t p = x.offsets[i / columns]; p < x.offsets[i / columns + 1]; ++p)
        sum += static_cast<double>(x.values[p]) *
               static_cast<double>(w[x.indices[p] * columns + i % columns]);
      output<Real>(arguments)[i] = static_cast<Real>(sum);
    }
  };
}

template <class Real>
Loop sparse_matmul_transposed(const LoopRequest& request) {
  return [product = TransposedProduct(request.inputs[0].shape, request.inputs[1].shape)](
             const KernelArguments& arguments) {
    const auto sums = product.sums(*input<CsrArgument>(arguments, 0), input<Real>(arguments, 1));
    for (std::size_t i = 0; i < sums.size(); ++i)
      output<Real>(arguments)[i] = static_cast<Real>(sums[i]);
  };
}

double total(const CsrArgument& counts, std::int64_t row) {
  double sum = 0;
  for (std::int64_t p = counts.offsets[row]; p < counts.offsets[row + 1]; ++p)
    sum += static_cast<double>(counts.values[p]);
  return sum;
}

template <class Real>
double row_loss(const Real* x, std::int64_t columns, const CsrArgument& counts, std::int64_t row) {
  double loss = columns > 0 ? total(counts, row) * log_sum_exp(x, columns) : 0;
  for (std::int64_t p = counts.offsets[row]; p < counts.offsets[row + 1]; ++p)
    loss -= static_cast<double>(counts.values[p]) * static_cast<double>(x[counts.indices[p]]);
  return loss;
}

template <class Real>
Loop multinomial_nll(const LoopRequest& request) {
  return [rows = request.inputs[0].shape[0],
          columns = request.inputs[0].shape[1]](const KernelArguments& arguments) {
    const CsrArgument& counts = *input<CsrArgument>(arguments, 1);
    for (std::int64_t row = 0; row < rows; ++row)
      output<Real>(arguments)[row] = static_cast<Real>(
          row_loss(input<Real>(arguments, 0) + row * columns, columns, counts, row));
  };
}

/// With a second output the loss, too.
template <class Real>
Loop multinomial_nll_grad(const LoopRequest& request) {
  return [rows = request.inputs[0].shape[0], columns = request.inputs[0].shape[1],
          both = request.node.outputs.size() == 2](const KernelArguments& arguments) {
    const CsrArgument& counts = *input<CsrArgument>(arguments, 1);
    std::vector<double> slope(static_cast<std::size_t>(columns));
    for (std::int64_t row = 0; row < rows; ++row) {
      const Real* x = input<Real>(arguments, 0) + row * columns;
      if (both)
        output<Real>(arguments, 1)[row] = static_cast<Real>(row_loss(x, columns, counts, row));
      if (columns == 0) continue;
      const double norm = log_sum_exp(x, columns), all = total(counts, row);
      for (std::int64_t j = 0; j < columns; ++j)
        slope[static_cast<std::size_t>(j)] = all * std::exp(static_cast<double>(x[j]) - norm);
      for (std::int64_t p = counts.offsets[row]; p < counts.offsets[row + 1]; ++p)
        slope[static_cast<std::size_t>(counts.indices[p])] -= static_cast<double>(counts.values[p]);
      const auto g = static_cast<double>(input<Real>(arguments, 2)[row]);
      for (std::int64_t j = 0; j < columns; ++j)
        output<Real>(arguments)[row * columns + j] =
            static_cast<Real>(g * slope[static_cast<std::size_t>(j)]);
    }
  };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> sparse_loops() {
  return {{"sparse_matmul", sparse_matmul<Real>},
          {"sparse_matmul_transposed", sparse_matmul_transposed<Real>},
          {"multinomial_nll", multinomial_nll<Real>},
          {"multinomial_nll_grad", multinomial_nll_grad<Real>},
          {"multinomial_nll_and_grad", multinomial_nll_grad<Real>}};
}
template std::vector<LoopEntry> sparse_loops<float>();
template std::vector<LoopEntry> sparse_loops<double>();

}  // namespace bascule::reference
