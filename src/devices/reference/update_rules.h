#pragma once
// What an optimizer does to one element, in float64; graph/ops.h gives the formulas.
#include <functional>
#include <string_view>

#include <bascule/graph/attributes.h>

namespace bascule::reference {

struct UpdateElement {
  double w = 0;
  double states[2] = {};
  double gradient = 0;
  double lr = 0;
  std::int64_t step = 0;
};

using UpdateRule = std::function<void(UpdateElement& element)>;

/// The rule of an update op with these attributes; empty when there is no such op.
UpdateRule update_rule(std::string_view op, const Attributes& attributes);

}  // namespace bascule::reference
