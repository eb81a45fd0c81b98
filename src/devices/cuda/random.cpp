// Random values and the counter that drives them.
#include <array>
#include <cmath>

#include <bascule/base/random_values.h>

#include "devices/cuda/cuda_ops.h"

namespace bascule::cuda {
namespace {

template <Draw kDraw>
KernelResult make_draw(const KernelLibrary& library, const KernelRequest& request) {
  const Attributes& attributes = request.node.attributes;
  RandomArguments a;
  a.draw = kDraw;
  a.count = request.node.outputs[0].shape.count();
  const auto key = RandomValues(static_cast<std::uint64_t>(attributes.integer("seed")),
                                static_cast<std::uint64_t>(attributes.integer("stream")))
                       .key();
  a.key[0] = key[0];
  a.key[1] = key[1];
  if (kDraw == Draw::kDropout) {
    const double rate = attributes.number("rate");
    // An integer is below rate · 2²⁴ exactly when it is below the next integer.
    a.dropped_below = static_cast<std::uint32_t>(std::ceil(rate * 0x1p24));
    a.kept = static_cast<float>(1 / (1 - rate));
  }
  return one_launch(library, ids::draw, blocks_for((a.count + 3) / 4), a,
                    [](RandomArguments& now, const KernelArguments& step) {
                      now.step = input<std::int64_t>(step, 0);
                      now.y = output<float>(step);
                    });
}

KernelResult make_increment(const KernelLibrary& library, const KernelRequest& request) {
  IncrementArguments a;
  a.count = request.node.outputs[0].shape.count();
  return one_launch(library, ids::increment, blocks_for(a.count), a,
                    [](IncrementArguments& now, const KernelArguments& step) {
                      now.x = input<std::int64_t>(step, 0);
                      now.y = output<std::int64_t>(step);
                    });
}

}  // namespace

std::span<const CudaOp> random_ops() {
  static const std::array ops = {CudaOp{"random_uniform", make_draw<Draw::kUniform>},
                                 CudaOp{"random_normal", make_draw<Draw::kNormal>},
                                 CudaOp{"dropout_mask", make_draw<Draw::kDropout>},
                                 CudaOp{"increment", make_increment}};
  return ops;
}

}  // namespace bascule::cuda
