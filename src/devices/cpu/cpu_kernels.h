#pragma once
// What the kernels of the cpu device share, and their families, one per file.
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <bascule/devices/device.h>

#include "devices/cpu/flush_denormals.h"
#include "devices/cpu/gemm_kernels.h"
#include "devices/cpu/vector_kernels.h"
#include "devices/function_kernel.h"

namespace bascule::detail {

/// What kernels run on; outlives them.
struct CpuContext {
  ThreadPool& pool;
  const VectorKernels& vector;
  const GemmKernels& gemm;

  /// Of a value in this layout.
  [[nodiscard]] std::int64_t bytes(const ValueType& type, Layout layout) const {
    Target target;
    target.panel = gemm.panel;
    target.lanes = kLanes;
    return target.bytes(type, layout);
  }
};

struct CpuOp {
  std::string_view op;
  /// Requests have row-major values but where `panels` says otherwise.
  std::unique_ptr<Kernel> (*make)(const CpuContext&, const KernelRequest&);
  /// May these layouts be asked for? Null: only row-major ones.
  bool (*panels)(const KernelRequest&) = nullptr;
  /// Is there a kernel for a node with these attributes? Null: always.
  bool (*supports)(const Node&) = nullptr;
};

std::span<const CpuOp> cpu_element_ops();
std::span<const CpuOp> cpu_reduce_ops();
std::span<const CpuOp> cpu_softmax_ops();
std::span<const CpuOp> cpu_row_ops();
std::span<const CpuOp> cpu_move_ops();
/// Of cpu_move_ops(), in a file of its own.
std::unique_ptr<Kernel> make_transpose(const CpuContext&, const KernelRequest&);
std::span<const CpuOp> cpu_cast_ops();
std::span<const CpuOp> cpu_random_ops();
std::span<const CpuOp> cpu_product_ops();
std::span<const CpuOp> cpu_optimizer_ops();
std::span<const CpuOp> cpu_sparse_ops();

/// Elements of simple work that are worth a second thread, and of costly work.
inline constexpr std::int64_t kChunk = 32768, kCostlyChunk = 8192;

/// body(begin, end, thread) over chunks of [0, count), with denormals flushed. A single chunk runs
/// on the calling thread and wakes nobody.
template <class Body>
void for_chunks(ThreadPool& pool, std::int64_t count, std::int64_t size, const Body& body) {
  const Chunks chunks{count, size};
  if (count <= size) {
    const FlushDenormals flush;
    if (count > 0) body(std::int64_t{0}, count, 0);
    return;
  }
  pool.run_in_shares(chunks.chunks(),
                     [&](std::int64_t chunk, int thread) {  // small: std::function keeps it
                       const FlushDenormals flush;
                       body(chunks.begin(chunk), chunks.end(chunk), thread);
                     });
}
/// Rows in a chunk of about `elements`.
inline std::int64_t rows_of_chunk(std::int64_t columns, std::int64_t elements) {
  return columns >= elements ? 1 : elements / (columns > 0 ? columns : 1);
}

}  // namespace bascule::detail
