// Softmax, its logarithm, cross-entropy and their gradients: chunks of whole rows.
#include <array>

#include <bascule/graph/op.h>

#include "devices/cpu/cpu_kernels.h"

namespace bascule::detail {
namespace {

struct RowShape {
  std::int64_t rows, columns;
};
RowShape row_shape(const Shape& shape) {
  const std::int64_t columns = shape[shape.rank() - 1];
  return {columns > 0 ? shape.count() / columns : 0, columns};
}

using OneInput = void (*VectorKernels::*)(const float*, float*, std::int64_t, std::int64_t);
using TwoInputs = void (*VectorKernels::*)(const float*, const float*, float*, std::int64_t,
                                           std::int64_t);

template <OneInput kLoop>
std::unique_ptr<Kernel> forward(const CpuContext& context, const KernelRequest& request) {
  return make_kernel(
      context.vector.name, 0,
      [context, s = row_shape(request.inputs[0].shape)](const KernelArguments& arguments) {
        for_chunks(context.pool, s.rows, rows_of_chunk(s.columns, kCostlyChunk),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     const std::int64_t at = begin * s.columns;
                     (context.vector.*kLoop)(input<float>(arguments, 0) + at,
                                             output<float>(arguments) + at, end - begin, s.columns);
                   });
      });
}

template <TwoInputs kLoop>
std::unique_ptr<Kernel> backward(const CpuContext& context, const KernelRequest& request) {
  return make_kernel(
      context.vector.name, 0,
      [context, s = row_shape(request.inputs[0].shape)](const KernelArguments& arguments) {
        for_chunks(context.pool, s.rows, rows_of_chunk(s.columns, kCostlyChunk),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     const std::int64_t at = begin * s.columns;
                     (context.vector.*kLoop)(input<float>(arguments, 0) + at,
                                             input<float>(arguments, 1) + at,
                                             output<float>(arguments) + at, end - begin, s.columns);
                   });
      });
}

/// The loss, or with a third input its gradient.
std::unique_ptr<Kernel> cross_entropy(const CpuContext& context, const KernelRequest& request) {
  const Shape& shape = request.inputs[0].shape;
  const bool gradient = request.inputs.size() == 3;
  const RowShape s{shape[0], shape[1]};
  return make_kernel(
      context.vector.name, 0, [context, s, gradient](const KernelArguments& arguments) {
        for_chunks(context.pool, s.rows, rows_of_chunk(s.columns, kCostlyChunk),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     CrossEntropyRows rows{};
                     rows.logits = input<float>(arguments, 0) + begin * s.columns;
                     rows.labels = input<std::int32_t>(arguments, 1) + begin;
                     if (gradient) rows.gradient = input<float>(arguments, 2) + begin;
                     rows.out = output<float>(arguments) + begin * (gradient ? s.columns : 1);
                     rows.rows = end - begin;
                     rows.columns = s.columns;
                     context.vector.cross_entropy(rows);
                   });
      });
}

}  // namespace

std::span<const CpuOp> cpu_softmax_ops() {
  static const std::array ops = {
      CpuOp{"softmax", forward<&VectorKernels::softmax>},
      CpuOp{"log_softmax", forward<&VectorKernels::log_softmax>},
      CpuOp{"softmax_grad", backward<&VectorKernels::softmax_grad>},
      CpuOp{"log_softmax_grad", backward<&VectorKernels::log_softmax_grad>},
      CpuOp{"sparse_cross_entropy", cross_entropy},
      CpuOp{"sparse_cross_entropy_grad", cross_entropy}};
  return ops;
}

}  // namespace bascule::detail
