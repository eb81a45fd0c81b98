#include "devices/cuda/update_arguments.h"

#include "devices/function_kernel.h"

namespace bascule::cuda {

using detail::input;
using detail::output;

UpdateArguments update_arguments(std::string_view op, const Node& node) {
  const Attributes& attributes = node.attributes;
  const Shape& weight = node.outputs[0].shape;
  const auto number = [&](std::string_view name) {
    return attributes.has(name) ? attributes.number(name) : 0;
  };
  UpdateArguments a;
  a.count = weight.count();
  if (a.count > 0 && weight.rank() > 0) a.columns = a.count / weight[0];
  a.lazy = attributes.has("lazy");
  a.state_count = static_cast<std::int32_t>(node.outputs.size() - 1);
  a.epsilon = static_cast<float>(number("epsilon"));
  a.decay = static_cast<float>(number("decay"));
  a.decoupled = static_cast<float>(number("decoupled_decay"));
  a.beta1 = number("beta1");
  a.beta2 = number("beta2");
  if (op == "momentum_update") {
    a.rule = UpdateRule::kMomentum;
    a.beta1 = number("momentum");
    a.nesterov = attributes.flag("nesterov");
    a.scaled = attributes.flag("scaled");
  }
  if (op == "rmsprop_update") {
    a.rule = UpdateRule::kRmsprop;
    a.beta1 = number("rho");
  }
  if (op == "adam_update") a.rule = UpdateRule::kAdam;
  if (op == "lion_update") a.rule = UpdateRule::kLion;
  a.rest1 = static_cast<float>(1 - a.beta1);
  a.rest2 = static_cast<float>(1 - a.beta2);
  return a;
}

void fill_shared(UpdateArguments& now, const KernelArguments& step, std::size_t lr) {
  std::size_t at = lr;
  now.lr = input<float>(step, at++);
  if (now.rule == UpdateRule::kAdam) now.step = input<std::int64_t>(step, at++);
  if (at < step.inputs.size()) now.gate = input<float>(step, at);
}

void fill_update(UpdateArguments& now, const KernelArguments& step, std::size_t w, bool gradient) {
  const auto states = static_cast<std::size_t>(now.state_count);
  std::size_t at = w;
  now.w = input<float>(step, at++);
  for (std::size_t s = 0; s < states; ++s) now.states[s] = input<float>(step, at++);
  if (gradient) now.gradient = input<float>(step, at++);
  fill_shared(now, step, at);
  now.new_w = output<float>(step, 0);
  for (std::size_t s = 0; s < states; ++s) now.new_states[s] = output<float>(step, 1 + s);
}

}  // namespace bascule::cuda
