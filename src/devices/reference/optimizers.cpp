// Updates of optimizers, alone and joined to the product that gives the gradient.
#include <bascule/graph/ops.h>

#include "devices/reference/loops.h"
#include "devices/reference/product.h"
#include "devices/reference/update_rules.h"

namespace bascule::reference {
namespace {

/// Where an update op has its inputs: w and the states from `w` on, the learning rate at `lr`, the
/// step after it.
struct UpdateInputs {
  std::size_t w, states, lr;
  bool step;
};

/// gradient(arguments, i) is that of element i.
template <class Real, class Gradient>
Loop update(const LoopRequest& request, const UpdateRule& rule, const UpdateInputs& at,
            Gradient gradient) {
  return [=, count = request.output().shape.count()](const KernelArguments& arguments) {
    UpdateElement e;
    e.lr = static_cast<double>(*input<Real>(arguments, at.lr));
    if (at.step) e.step = *input<std::int64_t>(arguments, at.lr + 1);
    for (std::int64_t i = 0; i < count; ++i) {
      e.w = static_cast<double>(input<Real>(arguments, at.w)[i]);
      for (std::size_t s = 0; s < at.states; ++s)
        e.states[s] = static_cast<double>(input<Real>(arguments, at.w + 1 + s)[i]);
      e.gradient = gradient(arguments, i);
      rule(e);
      output<Real>(arguments)[i] = static_cast<Real>(e.w);
      for (std::size_t s = 0; s < at.states; ++s)
        output<Real>(arguments, 1 + s)[i] = static_cast<Real>(e.states[s]);
    }
  };
}

template <class Real>
Loop plain_update(const LoopRequest& request) {
  const std::size_t states = request.node.outputs.size() - 1, gradient = 1 + states;
  const UpdateInputs at = {0, states, gradient + 1, request.inputs.size() > gradient + 2};
  return update<Real>(request, update_rule(request.node.op->name, request.attributes()), at,
                      [gradient](const KernelArguments& arguments, std::int64_t i) {
                        return static_cast<double>(input<Real>(arguments, gradient)[i]);
                      });
}

template <class Real>
Loop linear_update(const LoopRequest& request) {
  const std::size_t states = request.node.outputs.size() - 1;
  const UpdateInputs at = {2, states, 3 + states, request.inputs.size() > 4 + states};
  const Product product(request.inputs[0].shape, true, request.inputs[1].shape, false,
                        multiplies_bf16(request.node));
  return update<Real>(
      request, update_rule(request.attributes().text("optimizer"), request.attributes()), at,
      [product](const KernelArguments& arguments, std::int64_t i) {
        return product.element(input<Real>(arguments, 0), input<Real>(arguments, 1), i);
      });
}

}  // namespace

template <class Real>
std::vector<LoopEntry> optimizer_loops() {
  return {{"sgd_update", plain_update<Real>},     {"momentum_update", plain_update<Real>},
          {"rmsprop_update", plain_update<Real>}, {"adam_update", plain_update<Real>},
          {"lion_update", plain_update<Real>},    {"linear_update", linear_update<Real>}};
}
template std::vector<LoopEntry> optimizer_loops<float>();
template std::vector<LoopEntry> optimizer_loops<double>();

}  // namespace bascule::reference
