// Updates of optimizers, alone and joined to the product that gives the gradient.
#include "graph/ops/optimizers.h"

#include <bascule/graph/ops.h>

#include "devices/reference/loops.h"
#include "devices/reference/product.h"
#include "devices/reference/sparse.h"
#include "devices/reference/update_rules.h"

namespace bascule::reference {
namespace {

/// Where an update op has its inputs: w and the states from `w` on, the learning rate at `lr`,
/// after it the step and the gate.
struct UpdateInputs {
  std::size_t w, states, lr;
  bool step, gated = false;
};

template <class Gradient>
bool is_zero_row(const Gradient& gradient, std::int64_t first, std::int64_t columns) {
  for (std::int64_t i = first; i < first + columns; ++i)
    if (gradient(i) != 0) return false;
  return true;
}

/// gradient_of(arguments) gives a function of i: the gradient of element i.
template <class Real, class GradientOf>
Loop update(const LoopRequest& request, const UpdateRule& rule, const UpdateInputs& at,
            GradientOf gradient_of) {
  const Shape& shape = request.output().shape;
  const std::int64_t rows = shape.rank() == 0 ? 1 : shape[0];
  const std::int64_t columns = rows == 0 ? 1 : shape.count() / rows;
  const bool lazy = request.attributes().has("lazy");
  return [=, count = shape.count()](const KernelArguments& arguments) {
    const auto gradient = gradient_of(arguments);
    UpdateElement e;
    e.lr = static_cast<double>(*input<Real>(arguments, at.lr));
    if (at.step) e.step = *input<std::int64_t>(arguments, at.lr + 1);
    const auto gate =
        at.gated ? static_cast<double>(*input<Real>(arguments, at.lr + 1 + at.step)) : 1;
    for (std::int64_t i = 0; i < count; ++i) {
      e.gradient = gate * gradient(i);
      const bool leave = lazy && is_zero_row(gradient, i / columns * columns, columns);
      e.w = static_cast<double>(input<Real>(arguments, at.w)[i]);
      for (std::size_t s = 0; s < at.states; ++s)
        e.states[s] = static_cast<double>(input<Real>(arguments, at.w + 1 + s)[i]);
      if (gate != 0 && !leave) rule(e);
      output<Real>(arguments)[i] = static_cast<Real>(e.w);
      for (std::size_t s = 0; s < at.states; ++s)
        output<Real>(arguments, 1 + s)[i] = static_cast<Real>(e.states[s]);
    }
  };
}

template <class Real>
Loop plain_update(const LoopRequest& request) {
  const std::size_t states = request.node.outputs.size() - 1, gradient = 1 + states;
  const UpdateInputs at = {0, states, gradient + 1,
                           bascule::detail::find_update(request.node.op->name)->step,
                           bascule::detail::is_gated(request.attributes())};
  return update<Real>(request, update_rule(request.node.op->name, request.attributes()), at,
                      [gradient](const KernelArguments& arguments) {
                        return [g = input<Real>(arguments, gradient)](std::int64_t i) {
                          return static_cast<double>(g[i]);
                        };
                      });
}

/// Of an update joined to its product.
UpdateInputs after_factors(const LoopRequest& request) {
  const std::size_t states = request.node.outputs.size() - 1;
  return {2, states, 3 + states, request.inputs.size() > 4 + states};
}
UpdateRule joined_rule(const LoopRequest& request) {
  return update_rule(request.attributes().text("optimizer"), request.attributes());
}

template <class Real>
Loop linear_update(const LoopRequest& request) {
  const Product product(request.inputs[0].shape, true, request.inputs[1].shape, false,
                        factors_of(request.node));
  return update<Real>(request, joined_rule(request), after_factors(request),
                      [product](const KernelArguments& arguments) {
                        return [product, x = input<Real>(arguments, 0),
                                dy = input<Real>(arguments, 1)](std::int64_t i) {
                          return product.element(x, dy, i);
                        };
                      });
}

template <class Real>
Loop sparse_update(const LoopRequest& request) {
  const TransposedProduct product(request.inputs[0].shape, request.inputs[1].shape);
  return update<Real>(
      request, joined_rule(request), after_factors(request),
      [product](const KernelArguments& arguments) {
        return [sums = product.sums(*input<CsrArgument>(arguments, 0), input<Real>(arguments, 1))](
                   std::int64_t i) { return sums[static_cast<std::size_t>(i)]; };
      });
}

template <class Real>
Loop rows_update(const LoopRequest& request) {
  const Shape& table = request.inputs[2].shape;
  return update<Real>(request, joined_rule(request), after_factors(request),
                      [rows = table[0], columns = table[1],
                       count = request.inputs[1].shape[0]](const KernelArguments& arguments) {
                        std::vector<double> sums(static_cast<std::size_t>(rows * columns), 0);
                        for (std::int64_t i = 0; i < count * columns; ++i) {
                          const std::int64_t row = input<std::int32_t>(arguments, 1)[i / columns];
                          if (row >= 0 && row < rows)
                            sums[static_cast<std::size_t>(row * columns + i % columns)] +=
                                static_cast<double>(input<Real>(arguments, 0)[i]);
                        }
                        return [sums = std::move(sums)](std::int64_t i) {
                          return sums[static_cast<std::size_t>(i)];
                        };
                      });
}

/// The parts one after another, each by its own op.
template <class Real>
Loop multi_update(const LoopRequest& request) {
  struct Part {
    std::vector<std::size_t> inputs;
    std::vector<void*> arguments;  ///< of one step, in memory that is there before
    std::size_t first_output = 0, outputs = 0;
    Loop loop;
  };
  const auto layout = bascule::detail::update_parts(request.attributes(), request.inputs.size());
  std::vector<Part> parts(layout.count);
  for (std::size_t p = 0; p < parts.size(); ++p) {
    Part& part = parts[p];
    part.inputs = layout.inputs(p);
    part.arguments.resize(part.inputs.size());
    part.first_output = layout.first(p);
    part.outputs = layout.weight_values();
    Node node{&get_op(layout.signature->name), {}, request.attributes(), {}};
    for (std::size_t o = 0; o < part.outputs; ++o)
      node.outputs.push_back(request.node.outputs[part.first_output + o]);
    part.loop = plain_update<Real>({node, {}});
  }
  return [parts = std::move(parts)](const KernelArguments& arguments) mutable {
    for (Part& part : parts) {
      for (std::size_t i = 0; i < part.inputs.size(); ++i)
        part.arguments[i] = arguments.inputs[part.inputs[i]];
      part.loop({part.arguments, arguments.outputs.subspan(part.first_output, part.outputs), {}});
    }
  };
}

}  // namespace

template <class Real>
std::vector<LoopEntry> optimizer_loops() {
  return {{"sgd_update", plain_update<Real>},     {"momentum_update", plain_update<Real>},
          {"rmsprop_update", plain_update<Real>}, {"adam_update", plain_update<Real>},
          {"lion_update", plain_update<Real>},    {"linear_update", linear_update<Real>},
          {"sparse_update", sparse_update<Real>}, {"rows_update", rows_update<Real>},
          {"multi_update", multi_update<Real>}};
}
template std::vector<LoopEntry> optimizer_loops<float>();
template std::vector<LoopEntry> optimizer_loops<double>();

}  // namespace bascule::reference
