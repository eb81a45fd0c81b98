// Products of matrices, with what fused ops apply to them.
#include <array>

#include <bascule/graph/element_op.h>
#include <bascule/graph/ops.h>

#include "devices/cuda/blas_product.h"
#include "devices/cuda/cuda_ops.h"
#include "devices/cuda/update_arguments.h"

namespace bascule::cuda {
namespace {

Factors factors_of(const Node& node) {
  return multiplies_bf16(node)   ? Factors::kBf16
         : multiplies_fp16(node) ? Factors::kF16
                                 : Factors::kF32;
}

/// Of op(a) op(b), and what the ops say beside.
BlasRequest product_of(const KernelRequest& request, bool transpose_a, bool transpose_b) {
  const Shape &a = request.inputs[0].shape, &b = request.inputs[1].shape;
  BlasRequest whole;
  whole.transpose_a = transpose_a;
  whole.transpose_b = transpose_b;
  ProductArguments& p = whole.product;
  p.m = a[transpose_a ? 1 : 0];
  p.k = a[transpose_a ? 0 : 1];
  p.n = b[transpose_b ? 0 : 1];
  p.a = {nullptr, transpose_a ? 1 : a[1], transpose_a ? a[1] : 1};
  p.b = {nullptr, transpose_b ? 1 : b[1], transpose_b ? b[1] : 1};
  p.factors = factors_of(request.node);
  return whole;
}

std::int64_t tiles(const ProductArguments& p) {
  return ((p.m + kProductTile - 1) / kProductTile) * ((p.n + kProductTile - 1) / kProductTile);
}

void set_function(ProductArguments& p, const Attributes& attributes) {
  const ElementOpInfo* info = find_element_op(attributes.text("activation"));
  p.has_function = info != nullptr;
  if (info != nullptr) p.function = info->op;
  p.parameter = static_cast<float>(attributes.number("parameter"));
}

void fill_operands(ProductArguments& now, const KernelArguments& step) {
  now.a.data = input<float>(step, 0);
  now.b.data = input<float>(step, 1);
}

/// By cuBLASLt, or by the plain kernel where it cannot.
KernelResult make_product(const KernelLibrary& library, const BlasRequest& whole) {
  BASCULE_ASSIGN(auto blas, make_blas_product(library, whole));
  if (blas != nullptr) return blas;
  return one_launch(library, ids::product, tiles(whole.product), whole.product,
                    [bias = whole.bias](ProductArguments& now, const KernelArguments& step) {
                      fill_operands(now, step);
                      if (step.inputs.size() > 2)
                        (bias ? now.bias : now.other) = input<float>(step, 2);
                      now.c = output<float>(step);
                    });
}

KernelResult make_matmul(const KernelLibrary& library, const KernelRequest& request) {
  const Attributes& attributes = request.node.attributes;
  return make_product(
      library, product_of(request, attributes.flag("transpose_a"), attributes.flag("transpose_b")));
}

KernelResult make_linear(const KernelLibrary& library, const KernelRequest& request) {
  BlasRequest whole = product_of(request, false, false);
  set_function(whole.product, request.node.attributes);
  whole.bias = request.inputs.size() == 3;
  return make_product(library, whole);
}

KernelResult make_input_grad(const KernelLibrary& library, const KernelRequest& request) {
  BlasRequest whole = product_of(request, false, true);
  set_function(whole.product, request.node.attributes);
  return make_product(library, whole);
}

KernelResult make_weight_grad(const KernelLibrary& library, const KernelRequest& request) {
  return make_product(library, product_of(request, true, false));
}

KernelResult make_linear_update(const KernelLibrary& library, const KernelRequest& request) {
  const Node& node = request.node;
  const UpdateArguments update = update_arguments(node.attributes.text("optimizer"), node);
  BlasRequest whole = product_of(request, true, false);
  whole.update = update;
  BASCULE_ASSIGN(auto blas, make_blas_product(library, whole));
  if (blas != nullptr) return blas;
  const ProductUpdateArguments a = {whole.product, update};
  return one_launch(library, ids::product_update, tiles(a.product), a,
                    [](ProductUpdateArguments& now, const KernelArguments& step) {
                      fill_operands(now.product, step);
                      fill_update(now.update, step, 2, /*gradient=*/false);
                    });
}

}  // namespace

std::span<const CudaOp> product_ops() {
  static const std::array ops = {CudaOp{"matmul", make_matmul}, CudaOp{"linear", make_linear},
                                 CudaOp{"linear_input_grad", make_input_grad},
                                 CudaOp{"linear_weight_grad", make_weight_grad},
                                 CudaOp{"linear_update", make_linear_update}};
  return ops;
}

}  // namespace bascule::cuda
