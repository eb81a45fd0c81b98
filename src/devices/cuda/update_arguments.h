#pragma once
#include <string_view>

#include <bascule/devices/device.h>
#include <bascule/graph/op.h>

#include "devices/cuda/kernels/arguments.h"

namespace bascule::cuda {

/// The rule of an update op with these attributes, for weights of `count` elements with so many
/// states; pointers are still missing.
UpdateArguments update_arguments(std::string_view op, const Attributes& attributes,
                                 std::int64_t count, std::size_t states);
/// Of the inputs of a step from `w` on: w, states, the gradient (unless a product gives it), lr
/// and, if there are, the step and the gate; all outputs.
void fill_update(UpdateArguments& now, const KernelArguments& step, std::size_t w, bool gradient);

/// Kernels go over all rows: there are none of lazy updates.
bool updates_all_rows(const Node& node);

}  // namespace bascule::cuda
