// Products of matrices, with what fused ops apply to them.
#include <array>

#include <bascule/graph/element_op.h>
#include <bascule/graph/ops.h>

#include "devices/cuda/cuda_ops.h"
#include "devices/cuda/update_arguments.h"

namespace bascule::cuda {
namespace {

ProductArguments product_of(const KernelRequest& request, bool transpose_a, bool transpose_b) {
  const Shape &a = request.inputs[0].shape, &b = request.inputs[1].shape;
  ProductArguments p;
  p.m = a[transpose_a ? 1 : 0];
  p.k = a[transpose_a ? 0 : 1];
  p.n = b[transpose_b ? 0 : 1];
  p.a = {nullptr, transpose_a ? 1 : a[1], transpose_a ? a[1] : 1};
  p.b = {nullptr, transpose_b ? 1 : b[1], transpose_b ? b[1] : 1};
  p.bf16 = multiplies_bf16(request.node);
  return p;
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

/// kThird is where the third input goes, if there is one.
template <const float* ProductArguments::*kThird>
KernelResult launch_product(const KernelLibrary& library, const ProductArguments& p) {
  return one_launch(library, ids::product, tiles(p), p,
                    [](ProductArguments& now, const KernelArguments& step) {
                      fill_operands(now, step);
                      if (step.inputs.size() > 2) now.*kThird = input<float>(step, 2);
                      now.c = output<float>(step);
                    });
}

KernelResult make_matmul(const KernelLibrary& library, const KernelRequest& request) {
  const Attributes& attributes = request.node.attributes;
  return launch_product<&ProductArguments::bias>(
      library, product_of(request, attributes.flag("transpose_a"), attributes.flag("transpose_b")));
}

KernelResult make_linear(const KernelLibrary& library, const KernelRequest& request) {
  ProductArguments p = product_of(request, false, false);
  set_function(p, request.node.attributes);
  return launch_product<&ProductArguments::bias>(library, p);
}

KernelResult make_input_grad(const KernelLibrary& library, const KernelRequest& request) {
  ProductArguments p = product_of(request, false, true);
  set_function(p, request.node.attributes);
  return launch_product<&ProductArguments::other>(library, p);
}

KernelResult make_weight_grad(const KernelLibrary& library, const KernelRequest& request) {
  return launch_product<&ProductArguments::bias>(library, product_of(request, true, false));
}

KernelResult make_linear_update(const KernelLibrary& library, const KernelRequest& request) {
  const Node& node = request.node;
  ProductUpdateArguments a;
  a.product = product_of(request, true, false);
  a.update = update_arguments(node.attributes.text("optimizer"), node.attributes,
                              node.outputs[0].shape.count(), node.outputs.size() - 1);
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
