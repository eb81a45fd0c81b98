#pragma once
// Which layouts nodes take and give, given those of the variables.
#include <set>

#include <bascule/compile/plan.h>

namespace bascule::detail {

class Layouts {
 public:
  /// The plan must outlive it; its variables' layouts and loads may change.
  explicit Layouts(const Plan& plan);

  [[nodiscard]] Layout input(NodeId id, std::size_t operand) const;
  [[nodiscard]] Layout output(NodeId id) const;

 private:
  [[nodiscard]] bool in_panels(ValueId value) const;
  [[nodiscard]] bool updates_panels(NodeId id) const;

  const Plan& plan_;
  std::set<NodeId> closed_;  // linear_updates that replace variables and whose results none reads
};

}  // namespace bascule::detail
