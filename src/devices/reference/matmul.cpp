// Products, plain and with the functions that fused ops apply to them.
#include <bascule/graph/element_op.h>
#include <bascule/graph/ops.h>

#include "devices/reference/loops.h"
#include "devices/reference/product.h"

namespace bascule::reference {
namespace {

template <class Real>
double element_of_product(const Product& product, const KernelArguments& arguments,
                          std::int64_t i) {
  return product.element(input<Real>(arguments, 0), input<Real>(arguments, 1), i);
}

template <class Real>
Loop plain_product(const Product& product) {
  return [product](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < product.count(); ++i)
      output<Real>(arguments)[i] =
          static_cast<Real>(element_of_product<Real>(product, arguments, i));
  };
}

template <class Real>
Loop matmul(const LoopRequest& request) {
  const Attributes& attributes = request.attributes();
  return plain_product<Real>({request.inputs[0].shape, attributes.flag("transpose_a"),
                              request.inputs[1].shape, attributes.flag("transpose_b"),
                              factors_of(request.node)});
}

template <class Real>
Loop linear_weight_grad(const LoopRequest& request) {
  return plain_product<Real>(
      {request.inputs[0].shape, true, request.inputs[1].shape, false, factors_of(request.node)});
}

template <class Real>
Loop linear(const LoopRequest& request) {
  const Product product(request.inputs[0].shape, false, request.inputs[1].shape, false,
                        factors_of(request.node));
  const ElementOpInfo* activation = find_element_op(request.attributes().text("activation"));
  return [=, bias = request.inputs.size() == 3,
          parameter = request.attributes().number("parameter")](const KernelArguments& arguments) {
    for (std::int64_t i = 0; i < product.count(); ++i) {
      double y = element_of_product<Real>(product, arguments, i);
      if (bias) y += static_cast<double>(input<Real>(arguments, 2)[i % product.columns()]);
      if (activation != nullptr) y = apply_element_op(activation->op, y, 0, 0, parameter);
      output<Real>(arguments)[i] = static_cast<Real>(y);
    }
  };
}

template <class Real>
Loop linear_input_grad(const LoopRequest& request) {
  const Product product(request.inputs[0].shape, false, request.inputs[1].shape, true,
                        factors_of(request.node));
  const ElementOpInfo* activation = find_element_op(request.attributes().text("activation"));
  return
      [=, parameter = request.attributes().number("parameter")](const KernelArguments& arguments) {
        for (std::int64_t i = 0; i < product.count(); ++i) {
          double dx = element_of_product<Real>(product, arguments, i);
          if (activation != nullptr)
            dx = apply_element_op(activation->op, dx,
                                  static_cast<double>(input<Real>(arguments, 2)[i]), 0, parameter);
          output<Real>(arguments)[i] = static_cast<Real>(dx);
        }
      };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> matmul_loops() {
  return {{"matmul", matmul<Real>},
          {"linear", linear<Real>},
          {"linear_input_grad", linear_input_grad<Real>},
          {"linear_weight_grad", linear_weight_grad<Real>}};
}
template std::vector<LoopEntry> matmul_loops<float>();
template std::vector<LoopEntry> matmul_loops<double>();

}  // namespace bascule::reference
