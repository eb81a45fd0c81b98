#pragma once
// Which layouts nodes take and give, given those of the variables.
#include <set>

#include <bascule/compile/plan.h>

namespace bascule::detail {

class Layouts {
 public:
  /// The plan must outlive it; its variables' layouts and loads may change.
  explicit Layouts(const Plan& plan);

  /// What a product would take of its weight, or an update joined to it of its weight (output 0)
  /// and states; row-major for every other operand.
  [[nodiscard]] static Layout wanted(const Node& node, std::size_t operand);
  [[nodiscard]] Layout input(NodeId id, std::size_t operand) const;
  [[nodiscard]] Layout output(ValueId value) const;

 private:
  [[nodiscard]] bool lies_in(ValueId value, Layout layout) const;
  [[nodiscard]] bool updates_panels(NodeId id) const;

  const Plan& plan_;
  std::set<NodeId> closed_;  // linear_updates that replace variables and whose results none reads
};

}  // namespace bascule::detail
