#pragma once
#include <string_view>

#include <bascule/devices/device.h>
#include <bascule/graph/op.h>

#include "devices/cuda/kernels/arguments.h"

namespace bascule::cuda {

/// The rule of update op `op`, and the sizes, of a node whose outputs are the new weight and states
/// and which has the op's attributes; pointers are still missing.
UpdateArguments update_arguments(std::string_view op, const Node& node);
/// The last inputs of a step, from `lr` on: lr and, if there are, the step and the gate.
void fill_shared(UpdateArguments& now, const KernelArguments& step, std::size_t lr);
/// Of the inputs of a step from `w` on: w, states, the gradient (unless a product gives it), lr
/// and, if there are, the step and the gate; all outputs.
void fill_update(UpdateArguments& now, const KernelArguments& step, std::size_t w, bool gradient);

/// Blocks that update so many elements.
inline std::int64_t update_blocks(std::int64_t count) {
  return (count + kUpdateTile - 1) / kUpdateTile;
}

}  // namespace bascule::cuda
