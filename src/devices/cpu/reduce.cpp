// Sums and greatest elements over any axes. Axes that are neighbours and share a fate are merged;
// what is left has the elements of its last axis next to each other, either to be reduced (rows) or
// to be kept (columns). Chunks follow from the shape, and partial results are combined in order.
#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include <bascule/graph/op.h>

#include "devices/cpu/cpu_kernels.h"

namespace bascule::detail {
namespace {

struct Sum {
  using Total = double;
  static constexpr Total kStart = 0;
  static Total row(const VectorKernels& k, const float* x, std::int64_t n) { return k.sum(x, n); }
  static void columns(const VectorKernels& k, const float* x, std::int64_t stride,
                      std::int64_t rows, std::int64_t n, Total* totals) {
    k.column_sums(x, stride, rows, n, totals);
  }
  static Total join(Total a, Total b) { return a + b; }
};

struct Max {
  using Total = float;
  static constexpr Total kStart = -std::numeric_limits<float>::infinity();
  static Total row(const VectorKernels& k, const float* x, std::int64_t n) { return k.max(x, n); }
  static void columns(const VectorKernels& k, const float* x, std::int64_t stride,
                      std::int64_t rows, std::int64_t n, Total* totals) {
    k.column_max(x, stride, rows, n, totals);
  }
  static Total join(Total a, Total b) { return b > a || b != b ? b : a; }
};

struct Axis {
  std::int64_t extent, stride;
};
/// Some axes, walked through with the last one fastest.
struct Axes {
  std::vector<Axis> axes;
  [[nodiscard]] std::int64_t count() const {
    std::int64_t count = 1;
    for (const Axis& axis : axes) count *= axis.extent;
    return count;
  }
  [[nodiscard]] std::int64_t place(std::int64_t i) const {
    std::int64_t place = 0;
    for (std::size_t a = axes.size(); a-- > 0; i /= axes[a].extent)
      place += i % axes[a].extent * axes[a].stride;
    return place;
  }
};

/// A value by what happens to its axes. `run` elements, next to each other, are the last axis.
struct Reduction {
  Axes kept, reduced;  ///< without the last axis
  std::int64_t run = 1;
  bool rows = true;  ///< the last axis is reduced
};

Reduction reduction(const Shape& shape, const std::vector<std::int64_t>& axes) {
  struct Merged {
    std::int64_t extent, stride;
    bool reduced;
  };
  std::vector<Merged> merged;  // the last axis first
  std::int64_t stride = 1;
  for (std::size_t axis = shape.rank(); axis-- > 0; stride *= shape[axis]) {
    if (shape[axis] == 1) continue;
    const bool hit = std::find(axes.begin(), axes.end(), axis) != axes.end();
    if (!merged.empty() && merged.back().reduced == hit) {
      merged.back().extent *= shape[axis];
    } else {
      merged.push_back({shape[axis], stride, hit});
    }
  }
  Reduction r;
  if (merged.empty()) return r;
  r.run = merged[0].extent;
  r.rows = merged[0].reduced;
  for (std::size_t i = merged.size(); i-- > 1;)
    (merged[i].reduced ? r.reduced : r.kept).axes.push_back({merged[i].extent, merged[i].stride});
  return r;
}

constexpr std::int64_t kWideColumns = 512;  // from which columns, not rows, are dealt out

template <class Op>
class ReduceKernel final : public Kernel {
 public:
  using Total = typename Op::Total;

  ReduceKernel(const CpuContext& context, const KernelRequest& request)
      : context_(context),
        r_(reduction(request.inputs[0].shape, request.node.attributes.integers("axes"))),
        kept_(r_.kept.count()),
        reduced_(r_.reduced.count()),
        outputs_(request.node.outputs[0].shape.count()),
        empty_(request.inputs[0].shape.count() == 0) {}

  [[nodiscard]] std::string description() const override { return context_.vector.name; }
  [[nodiscard]] std::int64_t workspace_bytes() const override {
    std::int64_t totals = 0;
    if (one_row()) totals = one_row_chunks().chunks();
    if (!r_.rows) totals = by_rows() ? row_chunks().chunks() * r_.run : r_.run;
    if (!r_.rows && kept_ > 1) totals = context_.pool.threads() * r_.run;
    return totals * static_cast<std::int64_t>(sizeof(Total));
  }

  void launch(const KernelArguments& arguments) override {
    const float* x = input<float>(arguments, 0);
    auto* out = output<float>(arguments);
    auto* totals = static_cast<Total*>(arguments.workspace);
    if (empty_) {
      std::fill_n(out, outputs_, static_cast<float>(Op::kStart));
    } else if (one_row()) {
      launch_one_row(x, out, totals);
    } else if (r_.rows) {
      launch_rows(x, out);
    } else if (kept_ > 1) {
      launch_columns(x, out, totals);
    } else if (by_rows()) {
      launch_by_rows(x, out, totals);
    } else {
      launch_by_columns(x, out, totals);
    }
  }

 private:
  [[nodiscard]] bool one_row() const { return r_.rows && kept_ == 1; }
  [[nodiscard]] Chunks one_row_chunks() const { return {r_.run, kChunk}; }
  [[nodiscard]] bool by_rows() const { return r_.run < kWideColumns && kept_ == 1; }
  [[nodiscard]] Chunks row_chunks() const {
    return {reduced_, std::max<std::int64_t>(64, rows_of_chunk(r_.run, kChunk))};
  }

  void launch_one_row(const float* x, float* out, Total* totals) const {
    for_chunks(context_.pool, r_.run, kChunk, [&](std::int64_t begin, std::int64_t end, int) {
      totals[begin / kChunk] = Op::row(context_.vector, x + begin, end - begin);
    });
    Total total = totals[0];
    for (std::int64_t c = 1; c < one_row_chunks().chunks(); ++c) total = Op::join(total, totals[c]);
    *out = static_cast<float>(total);
  }

  void launch_rows(const float* x, float* out) const {
    for_chunks(context_.pool, kept_, rows_of_chunk(reduced_ * r_.run, kChunk),
               [&](std::int64_t begin, std::int64_t end, int) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const float* first = x + r_.kept.place(i);
                   Total total = Op::row(context_.vector, first, r_.run);
                   for (std::int64_t j = 1; j < reduced_; ++j)
                     total = Op::join(
                         total, Op::row(context_.vector, first + r_.reduced.place(j), r_.run));
                   out[i] = static_cast<float>(total);
                 }
               });
  }

  /// One set of columns, in rows that lie regularly along the innermost reduced axis.
  void add_columns(const float* x, Total* totals) const {
    std::fill_n(totals, r_.run, Op::kStart);
    const Axis rows = r_.reduced.axes.empty() ? Axis{1, 0} : r_.reduced.axes.back();
    for (std::int64_t j = 0; j < reduced_; j += rows.extent)
      Op::columns(context_.vector, x + r_.reduced.place(j), rows.stride, rows.extent, r_.run,
                  totals);
  }
  void launch_columns(const float* x, float* out, Total* totals) const {
    for_chunks(context_.pool, kept_, rows_of_chunk(reduced_ * r_.run, kChunk),
               [&](std::int64_t begin, std::int64_t end, int thread) {
                 Total* own = totals + thread * r_.run;
                 for (std::int64_t i = begin; i < end; ++i) {
                   add_columns(x + r_.kept.place(i), own);
                   write(own, r_.run, out + i * r_.run);
                 }
               });
  }
  void launch_by_rows(const float* x, float* out, Total* totals) const {
    const Chunks chunks = row_chunks();
    for_chunks(context_.pool, reduced_, chunks.size,
               [&](std::int64_t begin, std::int64_t end, int) {
                 Total* own = totals + begin / chunks.size * r_.run;
                 std::fill_n(own, r_.run, Op::kStart);
                 Op::columns(context_.vector, x + begin * r_.run, r_.run, end - begin, r_.run, own);
               });
    for (std::int64_t c = 1; c < chunks.chunks(); ++c) {
      for (std::int64_t j = 0; j < r_.run; ++j)
        totals[j] = Op::join(totals[j], totals[c * r_.run + j]);
    }
    write(totals, r_.run, out);
  }
  void launch_by_columns(const float* x, float* out, Total* totals) const {
    // Whole cache lines, and at least a few of them.
    const std::int64_t width =
        std::max<std::int64_t>(128, rows_of_chunk(reduced_, kChunk) / 16 * 16);
    for_chunks(context_.pool, r_.run, width, [&](std::int64_t begin, std::int64_t end, int) {
      std::fill_n(totals + begin, end - begin, Op::kStart);
      Op::columns(context_.vector, x + begin, r_.run, reduced_, end - begin, totals + begin);
      write(totals + begin, end - begin, out + begin);
    });
  }
  static void write(const Total* totals, std::int64_t n, float* out) {
    std::transform(totals, totals + n, out, [](Total t) { return static_cast<float>(t); });
  }

  CpuContext context_;
  Reduction r_;
  std::int64_t kept_, reduced_, outputs_;
  bool empty_;
};

template <class Op>
std::unique_ptr<Kernel> reduce(const CpuContext& context, const KernelRequest& request) {
  return std::make_unique<ReduceKernel<Op>>(context, request);
}

std::unique_ptr<Kernel> argmax(const CpuContext& context, const KernelRequest& request) {
  const Shape& shape = request.inputs[0].shape;
  return make_kernel(context.vector.name, 0,
                     [context, rows = request.node.outputs[0].shape.count(),
                      columns = shape[shape.rank() - 1]](const KernelArguments& arguments) {
                       for_chunks(context.pool, rows, rows_of_chunk(columns, kChunk),
                                  [&](std::int64_t begin, std::int64_t end, int) {
                                    for (std::int64_t i = begin; i < end; ++i)
                                      output<std::int32_t>(arguments)[i] = context.vector.argmax(
                                          input<float>(arguments, 0) + i * columns, columns);
                                  });
                     });
}

}  // namespace

std::span<const CpuOp> cpu_reduce_ops() {
  static const std::array ops = {CpuOp{"sum", reduce<Sum>}, CpuOp{"max", reduce<Max>},
                                 CpuOp{"argmax", argmax}};
  return ops;
}

}  // namespace bascule::detail
