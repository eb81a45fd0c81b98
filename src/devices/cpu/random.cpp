#include <array>
#include <cmath>
#include <limits>

#include <bascule/base/random_values.h>
#include <bascule/graph/op.h>

#include "devices/cpu/cpu_kernels.h"

namespace bascule::detail {
namespace {

/// loop(stretch, out) over chunks of whole blocks.
template <class Loop>
std::unique_ptr<Kernel> random(const CpuContext& context, const KernelRequest& request, Loop loop) {
  static_assert(kCostlyChunk % 4 == 0);
  const Attributes& attributes = request.node.attributes;
  const RandomValues values(static_cast<std::uint64_t>(attributes.integer("seed")),
                            static_cast<std::uint64_t>(attributes.integer("stream")));
  return make_kernel(
      context.vector.name, 0,
      [context, loop, key = values.key(),
       count = request.node.outputs[0].shape.count()](const KernelArguments& arguments) {
        const auto step = static_cast<std::uint64_t>(*input<std::int64_t>(arguments, 0));
        for_chunks(context.pool, count, kCostlyChunk,
                   [&](std::int64_t begin, std::int64_t end, int) {
                     loop({key, step, static_cast<std::uint64_t>(begin / 4), end - begin},
                          output<float>(arguments) + begin);
                   });
      });
}

std::unique_ptr<Kernel> random_uniform(const CpuContext& context, const KernelRequest& request) {
  return random(context, request, context.vector.random_uniform);
}
std::unique_ptr<Kernel> random_normal(const CpuContext& context, const KernelRequest& request) {
  return random(context, request, context.vector.random_normal);
}
std::unique_ptr<Kernel> dropout_mask(const CpuContext& context, const KernelRequest& request) {
  const double rate = request.node.attributes.number("rate");
  // The least float that is not below the rate parts the same floats as the rate does.
  auto bound = static_cast<float>(rate);
  if (double{bound} < rate) bound = std::nextafter(bound, std::numeric_limits<float>::infinity());
  return random(
      context, request,
      [loop = context.vector.dropout_mask, bound, kept = static_cast<float>(1 / (1 - rate))](
          const RandomStretch& s, float* out) { loop(s, bound, kept, out); });
}

std::unique_ptr<Kernel> increment(const CpuContext&, const KernelRequest& request) {
  return make_kernel(
      "plain", 0, [count = request.inputs[0].shape.count()](const KernelArguments& arguments) {
        for (std::int64_t i = 0; i < count; ++i)
          output<std::int64_t>(arguments)[i] = input<std::int64_t>(arguments, 0)[i] + 1;
      });
}

}  // namespace

std::span<const CpuOp> cpu_random_ops() {
  static const std::array ops = {
      CpuOp{"random_uniform", random_uniform}, CpuOp{"random_normal", random_normal},
      CpuOp{"dropout_mask", dropout_mask}, CpuOp{"increment", increment}};
  return ops;
}

}  // namespace bascule::detail
