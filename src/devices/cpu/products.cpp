// Products of matrices and the products of a linear layer, with what comes before and after.
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>

#include "devices/cpu/cpu_kernels.h"
#include "devices/cpu/gemv.h"
#include "devices/cpu/linear.h"
#include "devices/cpu/optimizer_rule.h"

namespace bascule::detail {
namespace {

Layout layout_of(std::span<const Layout> layouts, std::size_t i) {
  return i < layouts.size() ? layouts[i] : Layout::kRowMajor;
}
/// Panels or halves are one to a product: it reads what its precision wants.
MatrixLayout matrix_layout(const KernelRequest& request, std::size_t i) {
  return layout_of(request.input_layouts, i) == Layout::kRowMajor ? MatrixLayout::kRowMajor
                                                                  : MatrixLayout::kPanels;
}
/// "avx512", "avx512 panels", "avx512_bf16 bf16 halves", "amx_bf16 thirds panels".
std::string describe(const GemmPlan& plan, MatrixLayout weights) {
  const bool bf16 = plan.words != nullptr && !plan.in_thirds();
  std::string text = plan.kernels->name;
  if (plan.in_thirds()) text += " thirds";
  if (bf16) text += " bf16";
  if (weights == MatrixLayout::kPanels) text += bf16 ? " halves" : " panels";
  return text;
}

/// An element function on a piece of a row that a product has finished.
struct RowFunction {
  ElementFunction function = nullptr;
  double parameter = 0;

  static void activate(float* row, std::int64_t n, const void* context) {
    const auto* self = static_cast<const RowFunction*>(context);
    self->function(row, nullptr, nullptr, row, n, self->parameter);
  }
  static void differentiate(float* row, const float* x, std::int64_t n, const void* context) {
    const auto* self = static_cast<const RowFunction*>(context);
    self->function(row, x, nullptr, row, n, self->parameter);
  }
};
RowFunction row_function(const CpuContext& context, const Attributes& attributes) {
  const ElementOpInfo* info = find_element_op(attributes.text("activation"));
  if (info == nullptr) return {};
  return {context.vector.elements[static_cast<std::size_t>(info->op)],
          info->parameter ? attributes.number("parameter") : 0};
}

struct Forward {
  const float* bias;
  bool relu;
  RowFunction activation;  ///< null for relu
};
ForwardEpilogue epilogue(const Forward& f) {
  return {f.bias, f.relu, f.activation.function == nullptr ? nullptr : RowFunction::activate,
          &f.activation};
}
/// y = act(bias): a sum of no products.
void forward_of_nothing(const Forward& f, std::int64_t rows, std::int64_t columns, float* y) {
  for (std::int64_t r = 0; r < rows; ++r, y += columns) {
    for (std::int64_t j = 0; j < columns; ++j) {
      y[j] = f.bias == nullptr ? 0 : f.bias[j];
      if (f.relu && y[j] < 0) y[j] = 0;
    }
    if (f.activation.function != nullptr) RowFunction::activate(y, columns, &f.activation);
  }
}

std::unique_ptr<Kernel> linear(const CpuContext& context, const KernelRequest& request) {
  const Shape &x = request.inputs[0].shape, &w = request.inputs[1].shape;
  const LinearShape shape{x[0], w[0], w[1], multiplies_bf16(request.node)};
  const bool relu = request.node.attributes.text("activation") == "relu";
  const bool biased = request.inputs.size() == 3;
  const RowFunction activation =
      relu ? RowFunction{} : row_function(context, request.node.attributes);
  const auto forward = [=](const KernelArguments& arguments) {
    return Forward{biased ? input<float>(arguments, 2) : nullptr, relu, activation};
  };
  if (shape.batch * shape.outputs == 0 || shape.inputs == 0) {
    return make_kernel("plain", 0, [=](const KernelArguments& arguments) {
      forward_of_nothing(forward(arguments), shape.batch, shape.outputs, output<float>(arguments));
    });
  }
  const MatrixLayout layout = matrix_layout(request, 1);
  if (shape.batch == 1 && !shape.bf16) {
    const GemvPlan plan = plan_gemv(context.gemm, shape.inputs, shape.outputs, layout);
    const char* of_panels = layout == MatrixLayout::kPanels ? " panels" : "";
    return make_kernel(fmt::format("{}{} row", context.gemm.name, of_panels), 0,
                       [=](const KernelArguments& arguments) {
                         const Forward f = forward(arguments);
                         gemv(plan, input<float>(arguments, 0), input<float>(arguments, 1),
                              epilogue(f), output<float>(arguments), context.pool);
                       });
  }
  const GemmPlan plan = plan_linear_forward(context.gemm, shape, layout);
  return make_kernel(describe(plan, layout), plan.workspace_bytes(context.pool.threads()),
                     [=](const KernelArguments& arguments) {
                       const Forward f = forward(arguments);
                       linear_forward(plan, input<float>(arguments, 0), input<float>(arguments, 1),
                                      epilogue(f), output<float>(arguments),
                                      static_cast<float*>(arguments.workspace), context.pool);
                     });
}

std::unique_ptr<Kernel> linear_input_grad(const CpuContext& context, const KernelRequest& request) {
  const Shape &dy = request.inputs[0].shape, &w = request.inputs[1].shape;
  const LinearShape shape{dy[0], w[0], dy[1], multiplies_bf16(request.node)};
  const bool relu = request.node.attributes.text("activation") == "relu_grad";
  const bool masked = request.inputs.size() == 3;
  const RowFunction derivative =
      relu ? RowFunction{} : row_function(context, request.node.attributes);
  if (shape.batch * shape.inputs == 0 || shape.outputs == 0) {
    // A gradient of zeros, through any activation.
    return make_kernel("zeros", 0,
                       [count = shape.batch * shape.inputs](const KernelArguments& arguments) {
                         std::fill_n(output<float>(arguments), count, 0.0F);
                       });
  }
  const MatrixLayout layout = matrix_layout(request, 1);
  const GemmPlan plan = plan_input_gradient(context.gemm, shape, layout);
  return make_kernel(describe(plan, layout), plan.workspace_bytes(context.pool.threads()),
                     [=](const KernelArguments& arguments) {
                       const BackwardEpilogue after{
                           masked ? input<float>(arguments, 2) : nullptr, relu,
                           derivative.function == nullptr ? nullptr : RowFunction::differentiate,
                           &derivative};
                       input_gradient(plan, input<float>(arguments, 0), input<float>(arguments, 1),
                                      after, output<float>(arguments),
                                      static_cast<float*>(arguments.workspace), context.pool);
                     });
}

LinearShape weight_shape(const KernelRequest& request) {
  const Shape &x = request.inputs[0].shape, &dy = request.inputs[1].shape;
  return {x[0], x[1], dy[1], multiplies_bf16(request.node)};
}

std::unique_ptr<Kernel> linear_weight_grad(const CpuContext& context,
                                           const KernelRequest& request) {
  const LinearShape shape = weight_shape(request);
  if (shape.batch == 0 || shape.inputs * shape.outputs == 0) {
    return make_kernel("zeros", 0,
                       [count = shape.inputs * shape.outputs](const KernelArguments& arguments) {
                         std::fill_n(output<float>(arguments), count, 0.0F);
                       });
  }
  const GemmPlan plan = plan_weight_gradient(context.gemm, shape);
  return make_kernel(describe(plan, MatrixLayout::kRowMajor),
                     plan.workspace_bytes(context.pool.threads()),
                     [=](const KernelArguments& arguments) {
                       weight_gradient(plan, input<float>(arguments, 0), input<float>(arguments, 1),
                                       MatrixLayout::kRowMajor, output<float>(arguments),
                                       static_cast<float*>(arguments.workspace), context.pool);
                     });
}

bool linear_update_supported(const Node& node) {
  return optimizer_rule(node.attributes.text("optimizer"), node.attributes).has_value();
}

std::unique_ptr<Kernel> linear_update(const CpuContext& context, const KernelRequest& request) {
  LinearShape shape = weight_shape(request);
  const Attributes& attributes = request.node.attributes;
  const OptimizerRule rule = *optimizer_rule(attributes.text("optimizer"), attributes);
  const std::size_t states = request.node.outputs.size() - 1, lr = 3 + states;
  const bool steps = request.inputs.size() > lr + 1;
  const MatrixLayout layout = matrix_layout(request, 2);
  if (shape.inputs * shape.outputs == 0)
    return make_kernel("nothing", 0, [](const KernelArguments&) {});
  // Without samples the gradient is that of one which is zero.
  const bool empty = shape.batch == 0;
  if (empty) shape.batch = 1;
  const GemmPlan plan = plan_weight_gradient(context.gemm, shape);
  const std::int64_t zeros = empty ? (shape.inputs + shape.outputs + kLanes) / kLanes * kLanes : 0;
  std::vector<std::int64_t> bytes;  // of the weight and its states
  for (std::size_t i = 0; i <= states; ++i)
    bytes.push_back(context.bytes(request.inputs[2 + i], layout_of(request.input_layouts, 2 + i)));
  const auto launch = [=](const KernelArguments& arguments) {
    UpdateTarget target{};
    target.rule = rule.rule;
    target.parameters =
        rule.at(*input<float>(arguments, lr), steps ? *input<std::int64_t>(arguments, lr + 1) : 0);
    for (std::size_t i = 0; i <= states; ++i) {
      float* array = output<float>(arguments, i);
      (i == 0 ? target.weights : target.states[i - 1]) = array;
      const float* old = input<float>(arguments, 2 + i);
      if (old != array) std::memcpy(array, old, static_cast<std::size_t>(bytes[i]));
    }
    auto* room = static_cast<float*>(arguments.workspace);
    std::fill_n(room, zeros, 0.0F);
    const float* x = empty ? room : input<float>(arguments, 0);
    const float* dy = empty ? room + shape.inputs : input<float>(arguments, 1);
    update_weights(plan, x, dy, layout, target, room + zeros, context.pool);
  };
  return make_kernel(describe(plan, layout),
                     plan.workspace_bytes(context.pool.threads()) + 4 * zeros, launch);
}

std::unique_ptr<Kernel> matmul(const CpuContext& context, const KernelRequest& request) {
  const bool ta = request.node.attributes.flag("transpose_a");
  const bool tb = request.node.attributes.flag("transpose_b");
  const Shape &a = request.inputs[0].shape, &result = request.node.outputs[0].shape;
  const GemmShape shape{result[0], a[ta ? 0 : 1], result[1], ta, tb, multiplies_bf16(request.node)};
  if (shape.rows * shape.columns == 0 || shape.depth == 0) {
    return make_kernel("zeros", 0, [count = result.count()](const KernelArguments& arguments) {
      std::fill_n(output<float>(arguments), count, 0.0F);
    });
  }
  if (shape.rows == 1 && !tb && !shape.bf16) {
    const GemvPlan plan =
        plan_gemv(context.gemm, shape.depth, shape.columns, MatrixLayout::kRowMajor);
    return make_kernel(std::string(context.gemm.name) + " row", 0,
                       [=](const KernelArguments& arguments) {
                         gemv(plan, input<float>(arguments, 0), input<float>(arguments, 1), {},
                              output<float>(arguments), context.pool);
                       });
  }
  const GemmPlan plan = plan_gemm(context.gemm, shape);
  return make_kernel(
      describe(plan, MatrixLayout::kRowMajor), plan.workspace_bytes(context.pool.threads()),
      [=](const KernelArguments& arguments) {
        gemm(plan, input<float>(arguments, 0), input<float>(arguments, 1), output<float>(arguments),
             static_cast<float*>(arguments.workspace), context.pool);
      });
}

/// Of the weights of a product that are not row-major.
Layout weight_layout(const KernelRequest& request) {
  return multiplies_bf16(request.node) ? Layout::kHalves : Layout::kPanels;
}
/// Only the weights are not row-major.
bool weight_in_panels(const KernelRequest& request) {
  for (std::size_t i = 0; i < request.input_layouts.size(); ++i) {
    const Layout layout = request.input_layouts[i];
    if (layout != Layout::kRowMajor && (i != 1 || layout != weight_layout(request))) return false;
  }
  return layout_of(request.output_layouts, 0) == Layout::kRowMajor;
}
/// The weight and its states, old and new, all or none; the states are always floats.
bool weights_and_states_in_panels(const KernelRequest& request) {
  const std::size_t arrays = request.node.outputs.size();
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    Layout wanted = Layout::kRowMajor;
    if (i >= 2 && i < 2 + arrays) wanted = i == 2 ? weight_layout(request) : Layout::kPanels;
    if (layout_of(request.input_layouts, i) != wanted) return false;
  }
  for (std::size_t o = 0; o < arrays; ++o) {
    if (layout_of(request.output_layouts, o) != layout_of(request.input_layouts, 2 + o))
      return false;
  }
  return true;
}

}  // namespace

std::span<const CpuOp> cpu_product_ops() {
  static const std::array ops = {
      CpuOp{"matmul", matmul}, CpuOp{"linear", linear, weight_in_panels},
      CpuOp{"linear_input_grad", linear_input_grad, weight_in_panels},
      CpuOp{"linear_weight_grad", linear_weight_grad},
      CpuOp{"linear_update", linear_update, weights_and_states_in_panels, linear_update_supported}};
  return ops;
}

}  // namespace bascule::detail
