// Products with sparse matrices, updates that spend them, and the likelihood of sparse counts.
#include <algorithm>
#include <array>

#include <bascule/graph/op.h>

#include "devices/cpu/by_column.h"
#include "devices/cpu/cpu_kernels.h"
#include "devices/cpu/row_update.h"

namespace bascule::detail {
namespace {

/// x [m, k], of which some `stored` elements are to be expected, times or against rows of n floats.
struct SparseShape {
  std::int64_t m, k, n, capacity;

  explicit SparseShape(const KernelRequest& request)
      : m(request.inputs[0].shape[0]),
        k(request.inputs[0].shape[1]),
        n(request.inputs[1].shape[1]),
        capacity(request.inputs[0].capacity) {}

  [[nodiscard]] CompressedView view(const CsrArgument& x) const {
    return {m, k, x.offsets, x.indices, x.values};
  }
};

std::unique_ptr<Kernel> sparse_matmul(const CpuContext& context, const KernelRequest& request) {
  const SparseShape s(request);
  return make_kernel(context.vector.name, 0, [context, s](const KernelArguments& arguments) {
    const CompressedView x = s.view(*input<CsrArgument>(arguments, 0));
    const float* w = input<float>(arguments, 1);
    // By what is stored now: the capacity may be far above it.
    const std::int64_t cost = s.n * (1 + x.nonzeros() / std::max<std::int64_t>(s.m, 1));
    for_chunks(context.pool, s.m, rows_of_chunk(cost, kChunk),
               [&](std::int64_t begin, std::int64_t end, int) {
                 for (std::int64_t row = begin; row < end; ++row) {
                   float* y = output<float>(arguments) + row * s.n;
                   std::fill_n(y, s.n, 0.0F);
                   for (std::int64_t p = x.offsets[row]; p < x.offsets[row + 1]; ++p)
                     context.vector.add_scaled(w + x.indices[p] * s.n, x.values[p], y, s.n);
                 }
               });
  });
}

/// Goes over the rows of xᵀ y, in chunks: use(row, sums, thread) is given null for a row that is
/// zero.
class TransposedRows {
 public:
  TransposedRows(const CpuContext& context, const SparseShape& shape)
      : context_(context), s_(shape) {}

  [[nodiscard]] std::int64_t workspace_bytes() const {
    return begin_bytes() + entry_bytes() + context_.pool.threads() * row_bytes();
  }

  template <class Use>
  void run(const CompressedView& x, const float* y, void* workspace, const Use& use) const {
    auto* bytes = static_cast<std::byte*>(workspace);
    const std::span begin(reinterpret_cast<std::int64_t*>(bytes),
                          static_cast<std::size_t>(s_.k) + 2);
    auto* entries = reinterpret_cast<SparseEntry*>(bytes + begin_bytes());
    std::byte* rows = bytes + begin_bytes() + entry_bytes();
    {
      const FlushDenormals flush;
      sort_by_column(x, 0, s_.m, begin, entries);
    }
    for_chunks(context_.pool, s_.k, rows_of_chunk(s_.n, kChunk),
               [&](std::int64_t first, std::int64_t last, int thread) {
                 auto* sums = reinterpret_cast<float*>(rows + thread * row_bytes());
                 for (std::int64_t j = first; j < last; ++j) {
                   const SparseEntry* entry = entries + begin[static_cast<std::size_t>(j)];
                   const SparseEntry* end = entries + begin[static_cast<std::size_t>(j) + 1];
                   if (entry == end) {
                     use(j, nullptr);
                     continue;
                   }
                   std::fill_n(sums, s_.n, 0.0F);
                   for (; entry != end; ++entry)
                     context_.vector.add_scaled(y + entry->row * s_.n, entry->value, sums, s_.n);
                   use(j, sums);
                 }
               });
  }

 private:
  static std::int64_t lines(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }
  [[nodiscard]] std::int64_t begin_bytes() const { return lines((s_.k + 2) * 8); }
  [[nodiscard]] std::int64_t entry_bytes() const {
    return lines(s_.capacity * static_cast<std::int64_t>(sizeof(SparseEntry)));
  }
  [[nodiscard]] std::int64_t row_bytes() const { return lines(s_.n * 4); }

  CpuContext context_;
  SparseShape s_;
};

std::unique_ptr<Kernel> sparse_matmul_transposed(const CpuContext& context,
                                                 const KernelRequest& request) {
  const SparseShape s(request);
  const TransposedRows rows(context, s);
  return make_kernel(
      context.vector.name, rows.workspace_bytes(), [s, rows](const KernelArguments& arguments) {
        float* out = output<float>(arguments);
        rows.run(s.view(*input<CsrArgument>(arguments, 0)), input<float>(arguments, 1),
                 arguments.workspace, [&](std::int64_t row, const float* sums) {
                   sums == nullptr ? std::fill_n(out + row * s.n, s.n, 0.0F)
                                   : std::copy_n(sums, s.n, out + row * s.n);
                 });
      });
}

bool sparse_update_supported(const Node& node) {
  return optimizer_rule(node.attributes.text("optimizer"), node.attributes).has_value();
}

std::unique_ptr<Kernel> sparse_update(const CpuContext& context, const KernelRequest& request) {
  const SparseShape s(request);
  const TransposedRows rows(context, s);
  const RowUpdate update(context, request, request.node.attributes.text("optimizer"), 2);
  return make_kernel(context.gemm.name, rows.workspace_bytes(),
                     [s, rows, update](const KernelArguments& arguments) {
                       rows.run(s.view(*input<CsrArgument>(arguments, 0)),
                                input<float>(arguments, 1), arguments.workspace,
                                RowUpdate::Step(update, arguments));
                     });
}

/// The loss or, with a third input, its gradient, and perhaps both.
std::unique_ptr<Kernel> multinomial(const CpuContext& context, const KernelRequest& request) {
  const std::int64_t all_rows = request.inputs[0].shape[0], columns = request.inputs[0].shape[1];
  const bool gradient = request.inputs.size() == 3;
  const bool loss = !gradient || request.node.outputs.size() == 2;
  return make_kernel(context.vector.name, 0, [=](const KernelArguments& arguments) {
    const CsrArgument& counts = *input<CsrArgument>(arguments, 1);
    for_chunks(context.pool, all_rows, rows_of_chunk(columns, kCostlyChunk),
               [&](std::int64_t begin, std::int64_t end, int) {
                 MultinomialRows rows{};
                 rows.logits = input<float>(arguments, 0) + begin * columns;
                 rows.offsets = counts.offsets + begin;
                 rows.indices = counts.indices;
                 rows.counts = counts.values;
                 if (gradient) {
                   rows.gradient = input<float>(arguments, 2) + begin;
                   rows.out = output<float>(arguments) + begin * columns;
                 }
                 if (loss) rows.loss = output<float>(arguments, gradient ? 1 : 0) + begin;
                 rows.rows = end - begin;
                 rows.columns = columns;
                 context.vector.multinomial(rows);
               });
  });
}

}  // namespace

std::span<const CpuOp> cpu_sparse_ops() {
  static const std::array ops = {
      CpuOp{"sparse_matmul", sparse_matmul},
      CpuOp{"sparse_matmul_transposed", sparse_matmul_transposed},
      CpuOp{"sparse_update", sparse_update, nullptr, sparse_update_supported},
      CpuOp{"multinomial_nll", multinomial},
      CpuOp{"multinomial_nll_grad", multinomial},
      CpuOp{"multinomial_nll_and_grad", multinomial}};
  return ops;
}

}  // namespace bascule::detail
