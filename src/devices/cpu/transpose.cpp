// Transposition. Axes that stay neighbours are merged; then either the last axis stays last and its
// elements are copied together, or the axis that was last and the one that becomes last span planes
// that are transposed in tiles.
#include <algorithm>
#include <cstring>
#include <vector>

#include <bascule/graph/op.h>

#include "devices/cpu/cpu_kernels.h"

namespace bascule::detail {
namespace {

struct Axis {
  std::int64_t extent, from, to;  ///< strides in elements on both sides
};
std::int64_t count_of(const std::vector<Axis>& axes) {
  std::int64_t count = 1;
  for (const Axis& axis : axes) count *= axis.extent;
  return count;
}

/// The axes in the order of the result, those of one element left out.
std::vector<Axis> merged_axes(const Shape& shape, const std::vector<std::int64_t>& permutation) {
  std::vector<std::int64_t> strides(shape.rank());
  std::int64_t stride = 1;
  for (std::size_t axis = shape.rank(); axis-- > 0; stride *= shape[axis]) strides[axis] = stride;
  std::vector<Axis> axes;  // the last one first
  stride = 1;
  for (std::size_t i = permutation.size(); i-- > 0;) {
    const auto axis = static_cast<std::size_t>(permutation[i]);
    if (shape[axis] == 1) continue;
    if (!axes.empty() && strides[axis] == axes.back().from * axes.back().extent) {
      axes.back().extent *= shape[axis];
    } else {
      axes.push_back({shape[axis], strides[axis], stride});
    }
    stride *= shape[axis];
  }
  std::reverse(axes.begin(), axes.end());
  return axes;
}

struct Place {
  std::int64_t from = 0, to = 0;
};
Place place_of(const std::vector<Axis>& axes, std::int64_t i) {
  Place place;
  for (std::size_t a = axes.size(); a-- > 0; i /= axes[a].extent) {
    place.from += i % axes[a].extent * axes[a].from;
    place.to += i % axes[a].extent * axes[a].to;
  }
  return place;
}

std::unique_ptr<Kernel> copy_runs(const CpuContext& context, std::vector<Axis> axes,
                                  std::int64_t element) {
  const std::int64_t run = axes.empty() ? 1 : axes.back().extent;
  if (!axes.empty()) axes.pop_back();
  return make_kernel("copies", 0, [=](const KernelArguments& arguments) {
    for_chunks(context.pool, count_of(axes), rows_of_chunk(run, kChunk),
               [&](std::int64_t begin, std::int64_t end, int) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const Place place = place_of(axes, i);
                   std::memcpy(output<char>(arguments) + place.to * element,
                               input<char>(arguments, 0) + place.from * element,
                               static_cast<std::size_t>(run * element));
                 }
               });
  });
}

/// rows: the axis that becomes the last, columns: the one that was.
struct Plane {
  Axis rows, columns;
};

template <class T>
void transpose_tile(const VectorKernels& kernels, const Plane& plane, const T* from, T* to,
                    std::int64_t rows, std::int64_t columns) {
  if constexpr (std::is_same_v<T, float>) {
    kernels.transpose(from, plane.rows.from, rows, columns, to, plane.columns.to);
  } else {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j)
        to[j * plane.columns.to + i] = from[i * plane.rows.from + j];
    }
  }
}

constexpr std::int64_t kTile = 64;  // 16 KiB on each side

template <class T>
std::unique_ptr<Kernel> planes(const CpuContext& context, std::vector<Axis> axes) {
  const auto was_last =
      std::find_if(axes.begin(), axes.end(), [](const Axis& a) { return a.from == 1; });
  const Plane plane{axes.back(), *was_last};
  axes.erase(was_last);
  axes.pop_back();
  const Chunks row_tiles{plane.rows.extent, kTile}, column_tiles{plane.columns.extent, kTile};
  const std::int64_t in_plane = row_tiles.chunks() * column_tiles.chunks();
  return make_kernel(context.vector.name, 0, [=](const KernelArguments& arguments) {
    for_chunks(context.pool, count_of(axes) * in_plane, kChunk / (kTile * kTile),
               [&](std::int64_t begin, std::int64_t end, int) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const Place place = place_of(axes, i / in_plane);
                   const std::int64_t r = i % in_plane / column_tiles.chunks();
                   const std::int64_t c = i % column_tiles.chunks();
                   const std::int64_t row = row_tiles.begin(r), column = column_tiles.begin(c);
                   transpose_tile(
                       context.vector, plane,
                       input<T>(arguments, 0) + place.from + row * plane.rows.from + column,
                       output<T>(arguments) + place.to + column * plane.columns.to + row,
                       row_tiles.end(r) - row, column_tiles.end(c) - column);
                 }
               });
  });
}

}  // namespace

std::unique_ptr<Kernel> make_transpose(const CpuContext& context, const KernelRequest& request) {
  const std::vector<Axis> axes =
      merged_axes(request.inputs[0].shape, request.node.attributes.integers("permutation"));
  const auto element = static_cast<std::int64_t>(dtype_size(request.inputs[0].dtype));
  if (request.inputs[0].shape.count() == 0) return make_kernel("nothing", 0, [](const auto&) {});
  if (axes.empty() || axes.back().from == 1) return copy_runs(context, axes, element);
  switch (element) {
    case 2:
      return planes<std::uint16_t>(context, axes);
    case 4:
      return planes<float>(context, axes);
    default:
      return planes<std::int64_t>(context, axes);
  }
}

}  // namespace bascule::detail
