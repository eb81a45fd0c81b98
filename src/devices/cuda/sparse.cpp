// Products with sparse matrices, sums by index and the likelihood of sparse counts.
#include <array>

#include "devices/cuda/cuda_ops.h"
#include "devices/cuda/update_arguments.h"

namespace bascule::cuda {
namespace {

/// What the host knows of a CSR value is where its parts lie.
SparseMatrix matrix(const KernelArguments& step, std::size_t i) {
  const CsrArgument& csr = *input<CsrArgument>(step, i);
  return {csr.offsets, csr.indices, csr.values};
}

/// Blocks for every row of a result and slab of its columns.
std::int64_t slabs(const Shape& result) {
  return result[0] * ((result[1] + kSlab - 1) / kSlab);
}

KernelResult make_product(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& y = request.node.outputs[0].shape;
  SparseProductArguments a;
  a.columns = y[1];
  a.count = y.count();
  return one_launch(library, ids::sparse_product, blocks_for(a.count), a,
                    [](SparseProductArguments& now, const KernelArguments& step) {
                      now.x = matrix(step, 0);
                      now.w = input<float>(step, 1);
                      now.y = output<float>(step);
                    });
}

SparseTransposedArguments transposed_product(const KernelRequest& request) {
  SparseTransposedArguments a;
  a.rows = request.inputs[1].shape[0];
  a.columns = request.inputs[1].shape[1];
  return a;
}

KernelResult make_transposed(const KernelLibrary& library, const KernelRequest& request) {
  return one_launch(library, ids::sparse_transposed, slabs(request.node.outputs[0].shape),
                    transposed_product(request),
                    [](SparseTransposedArguments& now, const KernelArguments& step) {
                      now.x = matrix(step, 0);
                      now.y = input<float>(step, 1);
                      now.out = output<float>(step);
                    });
}

KernelResult make_update(const KernelLibrary& library, const KernelRequest& request) {
  const Node& node = request.node;
  SparseUpdateArguments a;
  a.product = transposed_product(request);
  a.update = update_arguments(node.attributes.text("optimizer"), node.attributes,
                              node.outputs[0].shape.count(), node.outputs.size() - 1);
  return one_launch(library, ids::sparse_update, slabs(node.outputs[0].shape), a,
                    [](SparseUpdateArguments& now, const KernelArguments& step) {
                      now.product.x = matrix(step, 0);
                      now.product.y = input<float>(step, 1);
                      fill_update(now.update, step, 2, /*gradient=*/false);
                    });
}

KernelResult make_scatter(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& y = request.node.outputs[0].shape;
  ScatterArguments a;
  a.count = request.inputs[1].shape.count();
  a.columns = y[1];
  return one_launch(library, ids::scatter_add_rows, slabs(y), a,
                    [](ScatterArguments& now, const KernelArguments& step) {
                      now.x = input<float>(step, 0);
                      now.indices = input<std::int32_t>(step, 1);
                      now.y = output<float>(step);
                    });
}

template <const KernelId<MultinomialArguments>& kId>
KernelResult make_multinomial(const KernelLibrary& library, const KernelRequest& request) {
  const Shape& logits = request.inputs[0].shape;
  MultinomialArguments a;
  a.columns = logits[1];
  return one_launch(library, kId, logits[0], a,
                    [](MultinomialArguments& now, const KernelArguments& step) {
                      now.logits = input<float>(step, 0);
                      now.counts = matrix(step, 1);
                      if (step.inputs.size() > 2) now.gradient = input<float>(step, 2);
                      now.y = output<float>(step);
                    });
}

}  // namespace

std::span<const CudaOp> sparse_ops() {
  static const std::array ops = {
      CudaOp{"sparse_matmul", make_product},
      CudaOp{"sparse_matmul_transposed", make_transposed},
      CudaOp{"sparse_update", make_update, updates_all_rows},
      CudaOp{"scatter_add_rows", make_scatter},
      CudaOp{"multinomial_nll", make_multinomial<ids::multinomial>},
      CudaOp{"multinomial_nll_grad", make_multinomial<ids::multinomial_grad>}};
  return ops;
}

}  // namespace bascule::cuda
