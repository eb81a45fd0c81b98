// Rows and elements chosen by indices; an index out of range reads zeros and writes nothing.
#include <algorithm>
#include <array>

#include <bascule/graph/op.h>

#include "devices/cpu/cpu_kernels.h"
#include "devices/cpu/row_update.h"

namespace bascule::detail {
namespace {

bool inside(std::int32_t index, std::int64_t count) {
  return index >= 0 && index < count;
}

std::unique_ptr<Kernel> gather_rows(const CpuContext& context, const KernelRequest& request) {
  return make_kernel(
      "copies", 0,
      [context, rows = request.inputs[0].shape[0], columns = request.inputs[0].shape[1],
       count = request.inputs[1].shape.count()](const KernelArguments& arguments) {
        for_chunks(context.pool, count, rows_of_chunk(columns, kChunk),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     for (std::int64_t i = begin; i < end; ++i) {
                       const std::int32_t row = input<std::int32_t>(arguments, 1)[i];
                       float* to = output<float>(arguments) + i * columns;
                       if (inside(row, rows)) {
                         std::copy_n(input<float>(arguments, 0) + row * columns, columns, to);
                       } else {
                         std::fill_n(to, columns, 0.0F);
                       }
                     }
                   });
      });
}

// Each chunk owns some rows of the result and looks through all indices for them, so that every
// row is added up in the order of the indices.
constexpr std::int64_t kMostScatterChunks = 16;
std::unique_ptr<Kernel> scatter_add_rows(const CpuContext& context, const KernelRequest& request) {
  const Shape& result = request.node.outputs[0].shape;
  const std::int64_t rows = result[0], columns = result[1];
  const std::int64_t chunk = std::max((rows + kMostScatterChunks - 1) / kMostScatterChunks,
                                      rows_of_chunk(columns, kChunk));
  return make_kernel(
      context.vector.name, 0,
      [context, rows, columns, chunk,
       count = request.inputs[1].shape.count()](const KernelArguments& arguments) {
        const auto add = context.vector.elements[static_cast<std::size_t>(ElementOp::kAdd)];
        const auto* indices = input<std::int32_t>(arguments, 1);
        for_chunks(context.pool, rows, chunk, [&](std::int64_t begin, std::int64_t end, int) {
          auto* out = output<float>(arguments);
          std::fill_n(out + begin * columns, (end - begin) * columns, 0.0F);
          for (std::int64_t i = 0; i < count; ++i) {
            if (indices[i] < begin || indices[i] >= end) continue;
            float* to = out + indices[i] * columns;
            add(to, input<float>(arguments, 0) + i * columns, nullptr, to, columns, 0);
          }
        });
      });
}

/// A value's row in the table, and the value's number.
struct Placed {
  std::int32_t row, value;
  bool operator<(const Placed& other) const {
    return row != other.row ? row < other.row : value < other.value;
  }
};

bool rows_update_supported(const Node& node) {
  return optimizer_rule(node.attributes.text("optimizer"), node.attributes).has_value();
}

// Values are sorted by row, those of one row stay in the order of the indices.
std::unique_ptr<Kernel> rows_update(const CpuContext& context, const KernelRequest& request) {
  const std::int64_t rows = request.inputs[2].shape[0], columns = request.inputs[2].shape[1];
  const std::int64_t count = request.inputs[1].shape[0];
  const RowUpdate update(context, request, request.node.attributes.text("optimizer"), 2);
  const auto lines = [](std::int64_t bytes) { return (bytes + 63) / 64 * 64; };
  const std::int64_t placed_bytes = lines(count * static_cast<std::int64_t>(sizeof(Placed)));
  const std::int64_t sum_bytes = lines(columns * 4);
  return make_kernel(
      context.gemm.name, placed_bytes + context.pool.threads() * sum_bytes,
      [=](const KernelArguments& arguments) {
        const RowUpdate::Step step(update, arguments);
        const auto add = context.vector.elements[static_cast<std::size_t>(ElementOp::kAdd)];
        const auto* values = input<float>(arguments, 0);
        const auto* indices = input<std::int32_t>(arguments, 1);
        auto* const placed = static_cast<Placed*>(arguments.workspace);
        for (std::int64_t i = 0; i < count; ++i)
          placed[i] = {indices[i], static_cast<std::int32_t>(i)};
        if (!std::is_sorted(placed, placed + count)) std::sort(placed, placed + count);
        for_chunks(context.pool, rows, rows_of_chunk(columns, kChunk),
                   [&](std::int64_t begin, std::int64_t end, int thread) {
                     auto* const sums =
                         reinterpret_cast<float*>(static_cast<std::byte*>(arguments.workspace) +
                                                  placed_bytes + thread * sum_bytes);
                     const Placed* at = std::lower_bound(
                         placed, placed + count, Placed{static_cast<std::int32_t>(begin), 0});
                     for (std::int64_t row = begin; row < end; ++row) {
                       if (at == placed + count || at->row != row) {
                         step(row, nullptr);
                         continue;
                       }
                       std::copy_n(values + at->value * columns, columns, sums);
                       for (++at; at != placed + count && at->row == row; ++at)
                         add(sums, values + at->value * columns, nullptr, sums, columns, 0);
                       step(row, sums);
                     }
                   });
      });
}

std::unique_ptr<Kernel> pick(const CpuContext& context, const KernelRequest& request) {
  return make_kernel(
      "plain", 0,
      [context, rows = request.inputs[0].shape[0],
       columns = request.inputs[0].shape[1]](const KernelArguments& arguments) {
        for_chunks(
            context.pool, rows, kCostlyChunk, [&](std::int64_t begin, std::int64_t end, int) {
              for (std::int64_t i = begin; i < end; ++i) {
                const std::int32_t index = input<std::int32_t>(arguments, 1)[i];
                output<float>(arguments)[i] =
                    inside(index, columns) ? input<float>(arguments, 0)[i * columns + index] : 0;
              }
            });
      });
}

/// Rows of zeros but for value(i) at the index of row i.
template <class Value>
std::unique_ptr<Kernel> sparse_rows(const CpuContext& context, const KernelRequest& request,
                                    std::size_t indices, Value value) {
  const Shape& result = request.node.outputs[0].shape;
  const std::int64_t columns = result[result.rank() - 1];
  return make_kernel(
      "plain", 0,
      [context, columns, indices, value,
       rows = request.inputs[indices].shape.count()](const KernelArguments& arguments) {
        for_chunks(context.pool, rows, rows_of_chunk(columns, kChunk),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     auto* out = output<float>(arguments);
                     std::fill_n(out + begin * columns, (end - begin) * columns, 0.0F);
                     for (std::int64_t i = begin; i < end; ++i) {
                       const std::int32_t index = input<std::int32_t>(arguments, indices)[i];
                       if (inside(index, columns)) out[i * columns + index] = value(arguments, i);
                     }
                   });
      });
}
std::unique_ptr<Kernel> place(const CpuContext& context, const KernelRequest& request) {
  return sparse_rows(context, request, 1, [](const KernelArguments& arguments, std::int64_t i) {
    return input<float>(arguments, 0)[i];
  });
}
std::unique_ptr<Kernel> one_hot(const CpuContext& context, const KernelRequest& request) {
  return sparse_rows(context, request, 0,
                     [](const KernelArguments&, std::int64_t) { return 1.0F; });
}

}  // namespace

std::span<const CpuOp> cpu_row_ops() {
  static const std::array ops = {CpuOp{"gather_rows", gather_rows},
                                 CpuOp{"scatter_add_rows", scatter_add_rows},
                                 CpuOp{"rows_update", rows_update, nullptr, rows_update_supported},
                                 CpuOp{"pick", pick},
                                 CpuOp{"place", place},
                                 CpuOp{"one_hot", one_hot}};
  return ops;
}

}  // namespace bascule::detail
