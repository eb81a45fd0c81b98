// Updates of weights from gradients that are there already.
#include <algorithm>
#include <array>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>

#include "devices/cpu/cpu_kernels.h"
#include "devices/cpu/linear.h"
#include "devices/cpu/map_kernel.h"
#include "devices/cpu/optimizer_rule.h"
#include "devices/cpu/row_update.h"

namespace bascule::detail {
namespace {

/// An update that looks at each row's gradient first.
std::unique_ptr<Kernel> lazy_update(const CpuContext& context, const KernelRequest& request) {
  const Shape& shape = request.node.outputs[0].shape;
  const std::int64_t rows = shape.rank() == 0 ? 1 : shape[0];
  const std::int64_t columns = rows == 0 ? 0 : shape.count() / rows;
  const RowUpdate update(context, request, request.node.op->name, 0);
  return make_kernel(context.gemm.name, 0,
                     [=, gradient = request.node.outputs.size()](const KernelArguments& arguments) {
                       const RowUpdate::Step step(update, arguments);
                       for_chunks(context.pool, rows, rows_of_chunk(columns, kChunk),
                                  [&](std::int64_t begin, std::int64_t end, int) {
                                    for (std::int64_t row = begin; row < end; ++row)
                                      step(row, input<float>(arguments, gradient) + row * columns);
                                  });
                     });
}

std::unique_ptr<Kernel> update(const CpuContext& context, const KernelRequest& request) {
  if (request.node.attributes.has("lazy")) return lazy_update(context, request);
  const OptimizerRule rule = *optimizer_rule(request.node.op->name, request.node.attributes);
  const std::size_t states = request.node.outputs.size() - 1, gradient = 1 + states;
  const bool steps = request.inputs.size() > gradient + 2;
  return make_kernel(
      context.gemm.name, 0,
      [=, count = request.node.outputs[0].shape.count()](const KernelArguments& arguments) {
        const std::int64_t step = steps ? *input<std::int64_t>(arguments, gradient + 2) : 0;
        const UpdateParameters parameters = rule.at(*input<float>(arguments, gradient + 1), step);
        for_chunks(context.pool, count, kChunk, [&](std::int64_t begin, std::int64_t end, int) {
          float* arrays[3] = {};
          for (std::size_t i = 0; i <= states; ++i) {
            arrays[i] = output<float>(arguments, i) + begin;
            const float* old = input<float>(arguments, i) + begin;
            if (old != arrays[i]) std::copy_n(old, end - begin, arrays[i]);
          }
          update_array(context.gemm, {rule.rule, parameters, arrays[0], {arrays[1], arrays[2]}},
                       input<float>(arguments, gradient) + begin, end - begin);
        });
      });
}

// Lion as a map over w, m, g and lr: c = β₁ m + (1 − β₁) g, w' = w (1 − lr λ) − lr sign(c),
// m' = β₂ m + (1 − β₂) g.
std::unique_ptr<Kernel> lion_update(const CpuContext& context, const KernelRequest& request) {
  using Op = ElementOp;
  const Attributes& attributes = request.node.attributes;
  const double beta1 = attributes.number("beta1"), beta2 = attributes.number("beta2");
  constexpr std::int32_t kW = 0, kM = 1, kG = 2, kLr = 3;
  const MapCode code{4,
                     {{Op::kScale, kM, 0, 0, beta1},
                      {Op::kScale, kG, 0, 0, 1 - beta1},
                      {Op::kAdd, 4, 5},
                      {Op::kSign, 6},
                      {Op::kMultiply, 7, kLr},
                      {Op::kScale, kLr, 0, 0, -attributes.number("decoupled_decay")},
                      {Op::kOffset, 9, 0, 0, 1},
                      {Op::kMultiply, kW, 10},
                      {Op::kSubtract, 11, 8},
                      {Op::kScale, kM, 0, 0, beta2},
                      {Op::kScale, kG, 0, 0, 1 - beta2},
                      {Op::kAdd, 13, 14}},
                     {12, 15}};
  return make_map_kernel(context, code, request);
}

}  // namespace

std::span<const CpuOp> cpu_optimizer_ops() {
  static const std::array ops = {CpuOp{"sgd_update", update}, CpuOp{"momentum_update", update},
                                 CpuOp{"rmsprop_update", update}, CpuOp{"adam_update", update},
                                 CpuOp{"lion_update", lion_update}};
  return ops;
}

}  // namespace bascule::detail
