// Ops that move elements, along walks through what they read and what they write; casts.
#include <array>
#include <vector>

#include <bascule/base/dtype.h>

#include "devices/cuda/cuda_ops.h"
#include "devices/reference/strides.h"

namespace bascule::cuda {
namespace {

KernelResult make_move(const KernelLibrary& library, const KernelRequest& request,
                       const Walk& from) {
  const ValueType& type = request.node.outputs[0];
  MoveArguments a;
  a.count = type.shape.count();
  a.from_walk = from;
  a.to_walk = straight_walk(a.count);
  a.element_bytes = static_cast<std::int32_t>(dtype_size(type.dtype));
  return one_launch(library, ids::move, blocks_for(a.count), a,
                    [](MoveArguments& now, const KernelArguments& step) {
                      now.from = step.inputs[0];
                      now.to = step.outputs[0];
                    });
}

KernelResult make_reshape(const KernelLibrary& library, const KernelRequest& request) {
  return make_move(library, request, straight_walk(request.inputs[0].shape.count()));
}

KernelResult make_broadcast(const KernelLibrary& library, const KernelRequest& request) {
  return make_move(library, request,
                   broadcast_walk(request.inputs[0].shape, request.node.outputs[0].shape));
}

KernelResult make_transpose(const KernelLibrary& library, const KernelRequest& request) {
  const auto own = reference::row_major_strides(request.inputs[0].shape);
  std::vector<std::int64_t> strides;
  for (const std::int64_t axis : request.node.attributes.integers("permutation"))
    strides.push_back(own[static_cast<std::size_t>(axis)]);
  return make_move(library, request, make_walk(request.node.outputs[0].shape.extents(), strides));
}

/// Where a part lies in a whole, from `begin` on along `axis`.
Walk part_walk(const Shape& part, const Shape& whole, std::size_t axis, std::int64_t begin) {
  const auto strides = reference::row_major_strides(whole);
  return make_walk(part.extents(), strides, begin * strides[axis]);
}

std::size_t axis_of(const Node& node) {
  const std::int64_t axis = node.attributes.integer("axis");
  const auto rank = static_cast<std::int64_t>(node.outputs[0].shape.rank());
  return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
}

KernelResult make_slice(const KernelLibrary& library, const KernelRequest& request) {
  const Node& node = request.node;
  return make_move(library, request,
                   part_walk(node.outputs[0].shape, request.inputs[0].shape, axis_of(node),
                             node.attributes.integer("begin")));
}

/// Every operand goes to its part of the result, which is zero where none goes.
KernelResult make_parts(const KernelLibrary& library, const KernelRequest& request,
                        std::int64_t begin, bool whole) {
  const ValueType& type = request.node.outputs[0];
  const std::size_t axis = axis_of(request.node);
  std::vector<MoveArguments> parts;
  for (const ValueType& part : request.inputs) {
    MoveArguments a;
    a.count = part.shape.count();
    a.from_walk = straight_walk(a.count);
    a.to_walk = part_walk(part.shape, type.shape, axis, begin);
    a.element_bytes = static_cast<std::int32_t>(dtype_size(type.dtype));
    parts.push_back(a);
    begin += part.shape[axis];
  }
  BASCULE_ASSIGN(const Launcher<MoveArguments> move, library.find(ids::move));
  return make_kernel(
      ids::move.symbol, 0,
      [move, parts, whole, &queue = library.queue(),
       bytes = type.bytes()](const KernelArguments& step) mutable {
        if (!whole && bytes > 0)
          queue.run(queue.driver().set_bytes, reinterpret_cast<DevicePointer>(step.outputs[0]),
                    static_cast<unsigned char>(0), static_cast<std::size_t>(bytes), queue.stream());
        for (std::size_t i = 0; i < parts.size(); ++i) {
          parts[i].from = step.inputs[i];
          parts[i].to = step.outputs[0];
          move(blocks_for(parts[i].count), parts[i]);
        }
      });
}

KernelResult make_pad_slice(const KernelLibrary& library, const KernelRequest& request) {
  return make_parts(library, request, request.node.attributes.integer("begin"), false);
}

KernelResult make_concat(const KernelLibrary& library, const KernelRequest& request) {
  return make_parts(library, request, 0, true);
}

KernelResult make_cast(const KernelLibrary& library, const KernelRequest& request) {
  CastArguments a;
  a.count = request.node.outputs[0].shape.count();
  a.from_type = request.inputs[0].dtype;
  a.to_type = request.node.outputs[0].dtype;
  return one_launch(library, ids::cast, blocks_for(a.count), a,
                    [](CastArguments& now, const KernelArguments& step) {
                      now.from = step.inputs[0];
                      now.to = step.outputs[0];
                    });
}

}  // namespace

std::span<const CudaOp> move_ops() {
  static const std::array ops = {CudaOp{"reshape", make_reshape},
                                 CudaOp{"broadcast_to", make_broadcast},
                                 CudaOp{"transpose", make_transpose},
                                 CudaOp{"slice", make_slice},
                                 CudaOp{"pad_slice", make_pad_slice},
                                 CudaOp{"concat", make_concat},
                                 CudaOp{"cast", make_cast}};
  return ops;
}

}  // namespace bascule::cuda
