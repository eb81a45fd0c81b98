// Ops that only move elements: copies of pieces that lie together on both sides.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <bascule/graph/op.h>

#include "devices/cpu/cpu_kernels.h"
#include "devices/cpu/operand.h"

namespace bascule::detail {
namespace {

std::int64_t element_bytes(const KernelRequest& request) {
  return static_cast<std::int64_t>(dtype_size(request.node.outputs[0].dtype));
}

void copy_bytes(const char* from, char* to, std::int64_t bytes) {
  if (bytes > 0 && from != to) std::memcpy(to, from, static_cast<std::size_t>(bytes));
}

std::unique_ptr<Kernel> reshape(const CpuContext& context, const KernelRequest& request) {
  return make_kernel(
      "copy", 0, [context, bytes = request.inputs[0].bytes()](const KernelArguments& arguments) {
        if (arguments.inputs[0] == arguments.outputs[0]) return;
        for_chunks(context.pool, bytes, 4 * kChunk, [&](std::int64_t begin, std::int64_t end, int) {
          copy_bytes(input<char>(arguments, 0) + begin, output<char>(arguments) + begin,
                     end - begin);
        });
      });
}

/// `pieces` of `bytes`, so far apart on either side.
struct Pieces {
  std::int64_t pieces, bytes, from_stride, to_stride, from_begin, to_begin;
};
void copy_pieces(ThreadPool& pool, const Pieces& p, const char* from, char* to) {
  for_chunks(pool, p.pieces, rows_of_chunk(p.bytes, 4 * kChunk),
             [&](std::int64_t begin, std::int64_t end, int) {
               for (std::int64_t i = begin; i < end; ++i)
                 copy_bytes(from + p.from_begin + i * p.from_stride,
                            to + p.to_begin + i * p.to_stride, p.bytes);
             });
}

/// Bytes of everything in an index of the axis and beyond, and how often the axis is walked.
struct AroundAxis {
  std::int64_t outer = 1, inner = 1;
};
AroundAxis around(const Shape& shape, std::int64_t axis, std::int64_t element) {
  AroundAxis a{1, element};
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    if (static_cast<std::int64_t>(i) < axis) a.outer *= shape[i];
    if (static_cast<std::int64_t>(i) > axis) a.inner *= shape[i];
  }
  return a;
}
std::int64_t axis_of(const KernelRequest& request) {
  const std::int64_t axis = request.node.attributes.integer("axis");
  return axis < 0 ? axis + static_cast<std::int64_t>(request.inputs[0].shape.rank()) : axis;
}
std::int64_t extent_along(const Shape& shape, std::int64_t axis) {
  return shape[static_cast<std::size_t>(axis)];
}

std::unique_ptr<Kernel> slice(const CpuContext& context, const KernelRequest& request) {
  const std::int64_t axis = axis_of(request);
  const Shape &from = request.inputs[0].shape, &to = request.node.outputs[0].shape;
  const auto [outer, inner] = around(from, axis, element_bytes(request));
  const std::int64_t bytes = extent_along(to, axis) * inner;
  const Pieces pieces{outer,
                      bytes,
                      extent_along(from, axis) * inner,
                      bytes,
                      request.node.attributes.integer("begin") * inner,
                      0};
  return make_kernel("copies", 0, [context, pieces](const KernelArguments& arguments) {
    copy_pieces(context.pool, pieces, input<char>(arguments, 0), output<char>(arguments));
  });
}

std::unique_ptr<Kernel> pad_slice(const CpuContext& context, const KernelRequest& request) {
  const std::int64_t axis = axis_of(request);
  const Shape &from = request.inputs[0].shape, &to = request.node.outputs[0].shape;
  const auto [outer, inner] = around(from, axis, element_bytes(request));
  const std::int64_t part = extent_along(from, axis) * inner;
  const std::int64_t whole = extent_along(to, axis) * inner;
  const std::int64_t before = request.node.attributes.integer("begin") * inner;
  return make_kernel("copies", 0, [=, rows = outer](const KernelArguments& arguments) {
    for_chunks(context.pool, rows, rows_of_chunk(whole, 4 * kChunk),
               [&](std::int64_t begin, std::int64_t end, int) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   char* row = output<char>(arguments) + i * whole;
                   std::fill_n(row, before, char{0});
                   copy_bytes(input<char>(arguments, 0) + i * part, row + before, part);
                   std::fill_n(row + before + part, whole - before - part, char{0});
                 }
               });
  });
}

std::unique_ptr<Kernel> concat(const CpuContext& context, const KernelRequest& request) {
  const std::int64_t axis = axis_of(request);
  const Shape& to = request.node.outputs[0].shape;
  const auto [outer, inner] = around(to, axis, element_bytes(request));
  std::vector<Pieces> parts;
  std::int64_t begin = 0;
  for (const ValueType& type : request.inputs) {
    const std::int64_t bytes = extent_along(type.shape, axis) * inner;
    parts.push_back({outer, bytes, bytes, extent_along(to, axis) * inner, 0, begin});
    begin += bytes;
  }
  return make_kernel("copies", 0, [context, parts](const KernelArguments& arguments) {
    for (std::size_t i = 0; i < parts.size(); ++i)
      copy_pieces(context.pool, parts[i], input<char>(arguments, i), output<char>(arguments));
  });
}

constexpr std::int64_t kBlock = 1024;

template <class T>
std::unique_ptr<Kernel> broadcast_elements(const CpuContext& context,
                                           const KernelRequest& request) {
  const Shape& shape = request.node.outputs[0].shape;
  return make_kernel(
      "copies", 0,
      [context, operand = Operand(request.inputs[0].shape, shape),
       count = shape.count()](const KernelArguments& arguments) {
        for_chunks(context.pool, count, kChunk, [&](std::int64_t begin, std::int64_t end, int) {
          T scratch[kBlock + Operand::kOverrun];
          for (std::int64_t at = begin; at < end; at += kBlock) {
            const std::int64_t n = std::min(kBlock, end - at);
            std::copy_n(operand.read(input<T>(arguments, 0), at, n, scratch), n,
                        output<T>(arguments) + at);
          }
        });
      });
}
std::unique_ptr<Kernel> broadcast_to(const CpuContext& context, const KernelRequest& request) {
  switch (element_bytes(request)) {
    case 2:
      return broadcast_elements<std::uint16_t>(context, request);
    case 4:
      return broadcast_elements<float>(context, request);
    default:
      return broadcast_elements<std::int64_t>(context, request);
  }
}

}  // namespace

std::span<const CpuOp> cpu_move_ops() {
  static const std::array ops = {CpuOp{"reshape", reshape}, CpuOp{"transpose", make_transpose},
                                 CpuOp{"slice", slice},     CpuOp{"pad_slice", pad_slice},
                                 CpuOp{"concat", concat},   CpuOp{"broadcast_to", broadcast_to}};
  return ops;
}

}  // namespace bascule::detail
