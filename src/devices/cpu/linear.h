#pragma once
// The three products of a linear layer y = act(x W + bias), and the plain product.
//
// Activations (x, y, and their gradients) are row-major [batch, features]; weights [inputs,
// outputs] are panels (see panels.h) or row-major; of bf16 products halves or row-major. All are
// floats: those products round their operands. A plan is made once per shape; the functions
// take it with pointers and a workspace of plan.workspace_bytes(the pool's threads), 64-byte
// aligned, and allocate nothing. All results are the same bits for any number of threads. Batch,
// inputs and outputs are at least 1.
#include <bascule/base/threads.h>

#include "devices/cpu/gemm_plan.h"

namespace bascule::detail {

struct LinearShape {
  std::int64_t batch, inputs, outputs;
  bool bf16 = false;  ///< the product's operands are rounded to it
};

/// What happens to y = x W; first the bias, then relu, then `activation` on each finished piece of
/// a row.
struct ForwardEpilogue {
  const float* bias = nullptr;  ///< [outputs] or null
  bool relu = false;
  void (*activation)(float* row, std::int64_t n, const void* context) = nullptr;
  const void* context = nullptr;
};
/// `weights` is kRowMajor or kPanels.
GemmPlan plan_linear_forward(const GemmKernels& kernels, const LinearShape& shape,
                             MatrixLayout weights);
/// y[batch, outputs] = x[batch, inputs] W.
void linear_forward(const GemmPlan& plan, const float* x, const float* w,
                    const ForwardEpilogue& epilogue, float* y, float* workspace, ThreadPool& pool);

/// What happens to dx = dy Wᵀ, where x was the output of an activation.
struct BackwardEpilogue {
  const float* x = nullptr;  ///< [batch, inputs]; null if neither of the following is asked for
  bool relu = false;         ///< dx where x > 0, else 0
  /// On each finished piece of a row of dx, with the same piece of x.
  void (*derivative)(float* row, const float* x, std::int64_t n, const void* context) = nullptr;
  const void* context = nullptr;
};
GemmPlan plan_input_gradient(const GemmKernels& kernels, const LinearShape& shape,
                             MatrixLayout weights);
/// dx[batch, inputs] = dy[batch, outputs] Wᵀ.
void input_gradient(const GemmPlan& plan, const float* dy, const float* w,
                    const BackwardEpilogue& epilogue, float* dx, float* workspace,
                    ThreadPool& pool);

/// One plan for either layout of dW, or of the weights and states that are updated.
GemmPlan plan_weight_gradient(const GemmKernels& kernels, const LinearShape& shape);
/// dW[inputs, outputs] = xᵀ dy.
void weight_gradient(const GemmPlan& plan, const float* x, const float* dy, MatrixLayout layout,
                     float* dw, float* workspace, ThreadPool& pool);
/// The same gradient, spent on the weights at once and never stored; padding stays zero.
void update_weights(const GemmPlan& plan, const float* x, const float* dy, MatrixLayout layout,
                    const UpdateTarget& target, float* workspace, ThreadPool& pool);
/// The same rules on flat arrays, such as a bias; gradient[n].
void update_array(const GemmKernels& kernels, const UpdateTarget& target, const float* gradient,
                  std::int64_t n);

/// c[rows, columns] = op(a) op(b), op being the transposition if asked for: a is [rows, depth], or
/// [depth, rows] if transposed, b [depth, columns] or [columns, depth].
struct GemmShape {
  std::int64_t rows, depth, columns;
  bool transpose_a = false, transpose_b = false;
  bool bf16 = false;
};
GemmPlan plan_gemm(const GemmKernels& kernels, const GemmShape& shape);
void gemm(const GemmPlan& plan, const float* a, const float* b, float* c, float* workspace,
          ThreadPool& pool);

}  // namespace bascule::detail
