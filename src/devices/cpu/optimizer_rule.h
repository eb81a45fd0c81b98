#pragma once
// The graph's optimizer ops in terms of the update loops.
#include <optional>
#include <string_view>

#include <bascule/graph/attributes.h>

#include "devices/cpu/update.h"

namespace bascule::detail {

struct OptimizerRule {
  UpdateRule rule = UpdateRule::kSgd;
  UpdateParameters parameters;  ///< but for those that depend on the learning rate and the step
  AdamSettings adam;            ///< of Adam only

  /// `step` is the number of steps done before.
  [[nodiscard]] UpdateParameters at(float lr, std::int64_t step) const;
};
/// Nothing when there is no loop for this op.
std::optional<OptimizerRule> optimizer_rule(std::string_view op, const Attributes& attributes);

}  // namespace bascule::detail
