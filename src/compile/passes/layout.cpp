// Weights of products go into panels, or halves where they are rounded to bf16, with the optimizer
// states that are updated along with them, where nothing else reads or writes them. What another
// program has fixed stays as it is.
#include <algorithm>

#include <bascule/graph/op.h>

#include "compile/layouts.h"
#include "compile/passes.h"
#include "compile/users.h"

namespace bascule::detail {
namespace {

/// What the variable's first reader would take it in.
Layout best_layout(const Graph& graph, const Users& users, ValueId variable) {
  const ValueType& type = graph.type(variable);
  if (type.dtype != DType::kF32 || type.shape.rank() != 2 || users.leaves(variable) ||
      users.of(variable).empty())
    return Layout::kRowMajor;
  const Use use = users.of(variable)[0];
  return Layouts::wanted(graph.node(use.node), use.operand);
}

/// All who read the variable take its layout, and who writes it gives it.
bool suits(const Plan& plan, const Layouts& layouts, const Users& users, const std::string& name) {
  const auto uses = users.of(plan.graph.variables().at(name));
  const Layout layout = plan.layouts.at(name);
  const bool read = std::all_of(uses.begin(), uses.end(), [&](const Use& use) {
    return layouts.input(use.node, use.operand) == layout;
  });
  const auto assigned = plan.graph.assigns().find(name);
  return read &&
         (assigned == plan.graph.assigns().end() || layouts.output(assigned->second) == layout);
}

}  // namespace

void choose_layouts(Compilation& c) {
  if (c.target.panel == 0) return;
  const Users users(c.plan.graph);
  std::set<std::string> chosen;
  for (const auto& [name, variable] : c.plan.graph.variables()) {
    if (c.options.variable_layouts.contains(name) || !c.plan.layouts.contains(name)) continue;
    const Layout layout = best_layout(c.plan.graph, users, variable);
    if (layout == Layout::kRowMajor) continue;
    c.plan.layouts[name] = layout;
    chosen.insert(name);
  }
  // One that does not suit may spoil others; what is left when none is taken back suits.
  const Layouts layouts(c.plan);
  for (bool changed = true; changed;) {
    changed = std::erase_if(chosen, [&](const std::string& name) {
                if (suits(c.plan, layouts, users, name)) return false;
                c.plan.layouts[name] = Layout::kRowMajor;
                return true;
              }) > 0;
  }
}

}  // namespace bascule::detail
