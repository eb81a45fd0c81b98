// Products of matrices and the products of a linear layer, with what comes before and after.
#include <algorithm>
#include <array>

#include <bascule/graph/op.h>

#include "devices/cpu/cpu_kernels.h"
#include "devices/cpu/gemv.h"
#include "devices/cpu/linear.h"
#include "devices/cpu/optimizer_rule.h"

namespace bascule::detail {
namespace {

bool in_panels(std::span<const Layout> layouts, std::size_t i) {
  return i < layouts.size() && layouts[i] == Layout::kPanels;
}
MatrixLayout matrix_layout(const KernelRequest& request, std::size_t i) {
  return in_panels(request.input_layouts, i) ? MatrixLayout::kPanels : MatrixLayout::kRowMajor;
}
/// "avx512", "avx512 panels".
std::string describe(const CpuContext& context, MatrixLayout weights) {
  return context.gemm.name + std::string(weights == MatrixLayout::kPanels ? " panels" : "");
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
  const LinearShape shape{x[0], w[0], w[1]};
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
  if (shape.batch == 1) {
    const GemvPlan plan = plan_gemv(context.gemm, shape.inputs, shape.outputs, layout);
    return make_kernel(describe(context, layout) + " row", 0,
                       [=](const KernelArguments& arguments) {
                         const Forward f = forward(arguments);
                         gemv(plan, input<float>(arguments, 0), input<float>(arguments, 1),
                              epilogue(f), output<float>(arguments), context.pool);
                       });
  }
  const GemmPlan plan = plan_linear_forward(context.gemm, shape, layout);
  return make_kernel(describe(context, layout), plan.workspace_bytes(),
                     [=](const KernelArguments& arguments) {
                       const Forward f = forward(arguments);
                       linear_forward(plan, input<float>(arguments, 0), input<float>(arguments, 1),
                                      epilogue(f), output<float>(arguments),
                                      static_cast<float*>(arguments.workspace), context.pool);
                     });
}

std::unique_ptr<Kernel> linear_input_grad(const CpuContext& context, const KernelRequest& request) {
  const Shape &dy = request.inputs[0].shape, &w = request.inputs[1].shape;
  const LinearShape shape{dy[0], w[0], dy[1]};
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
  return make_kernel(
      describe(context, layout), plan.workspace_bytes(), [=](const KernelArguments& arguments) {
        const BackwardEpilogue after{
            masked ? input<float>(arguments, 2) : nullptr, relu,
            derivative.function == nullptr ? nullptr : RowFunction::differentiate, &derivative};
        input_gradient(plan, input<float>(arguments, 0), input<float>(arguments, 1), after,
                       output<float>(arguments), static_cast<float*>(arguments.workspace),
                       context.pool);
      });
}

LinearShape weight_shape(const KernelRequest& request) {
  const Shape &x = request.inputs[0].shape, &dy = request.inputs[1].shape;
  return {x[0], x[1], dy[1]};
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
  return make_kernel(context.gemm.name, plan.workspace_bytes(),
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
  const LinearShape shape = weight_shape(request);
  const Attributes& attributes = request.node.attributes;
  const OptimizerRule rule = *optimizer_rule(attributes.text("optimizer"), attributes);
  const std::size_t states = request.node.outputs.size() - 1, lr = 3 + states;
  const bool steps = request.inputs.size() > lr + 1;
  const MatrixLayout layout = matrix_layout(request, 2);
  const Panels panels{shape.inputs, shape.outputs, context.gemm.panel};
  const std::int64_t count =
      layout == MatrixLayout::kPanels ? panels.floats() : shape.inputs * shape.outputs;
  if (count == 0) return make_kernel("nothing", 0, [](const KernelArguments&) {});
  const bool product = shape.batch > 0;
  const GemmPlan plan = product ? plan_weight_gradient(context.gemm, shape) : GemmPlan{};
  const std::int64_t workspace =
      product ? plan.workspace_bytes() : count * static_cast<std::int64_t>(sizeof(float));
  return make_kernel(describe(context, layout), workspace, [=](const KernelArguments& arguments) {
    UpdateTarget target{};
    target.rule = rule.rule;
    target.parameters =
        rule.at(*input<float>(arguments, lr), steps ? *input<std::int64_t>(arguments, lr + 1) : 0);
    for (std::size_t i = 0; i <= states; ++i) {
      float* array = output<float>(arguments, i);
      (i == 0 ? target.weights : target.states[i - 1]) = array;
      const float* old = input<float>(arguments, 2 + i);
      if (old != array) std::copy_n(old, count, array);
    }
    auto* room = static_cast<float*>(arguments.workspace);
    if (product) {
      update_weights(plan, input<float>(arguments, 0), input<float>(arguments, 1), layout, target,
                     room, context.pool);
    } else {
      std::fill_n(room, count, 0.0F);
      update_array(context.gemm, target, room, count);
    }
  });
}

std::unique_ptr<Kernel> matmul(const CpuContext& context, const KernelRequest& request) {
  const bool ta = request.node.attributes.flag("transpose_a");
  const bool tb = request.node.attributes.flag("transpose_b");
  const Shape &a = request.inputs[0].shape, &result = request.node.outputs[0].shape;
  const GemmShape shape{result[0], a[ta ? 0 : 1], result[1], ta, tb};
  if (shape.rows * shape.columns == 0 || shape.depth == 0) {
    return make_kernel("zeros", 0, [count = result.count()](const KernelArguments& arguments) {
      std::fill_n(output<float>(arguments), count, 0.0F);
    });
  }
  if (shape.rows == 1 && !tb) {
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
      context.gemm.name, plan.workspace_bytes(), [=](const KernelArguments& arguments) {
        gemm(plan, input<float>(arguments, 0), input<float>(arguments, 1), output<float>(arguments),
             static_cast<float*>(arguments.workspace), context.pool);
      });
}

/// Weights in panels, everything else row-major.
bool weight_in_panels(const KernelRequest& request) {
  for (std::size_t i = 0; i < request.input_layouts.size(); ++i) {
    if (i != 1 && in_panels(request.input_layouts, i)) return false;
  }
  return !in_panels(request.output_layouts, 0);
}
/// The weight and its states, old and new, all or none.
bool weights_and_states_in_panels(const KernelRequest& request) {
  const std::size_t arrays = request.node.outputs.size();
  const bool panels = in_panels(request.input_layouts, 2);
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    const bool weight = i >= 2 && i < 2 + arrays;
    if (in_panels(request.input_layouts, i) != (weight && panels)) return false;
  }
  for (std::size_t o = 0; o < arrays; ++o) {
    if (in_panels(request.output_layouts, o) != panels) return false;
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
