// The order of the launches. Kernels that free memory run as soon as they can, so that a gradient
// does not outlive its update; all others in the order in which the graph was built.
#include <algorithm>
#include <set>

#include <bascule/graph/op.h>

#include "compile/layouts.h"
#include "compile/passes.h"
#include "compile/updates.h"
#include "compile/users.h"

namespace bascule::detail {
namespace {

/// The variables of which this step reads a copy; see Plan::loads.
void find_loads(Plan& plan) {
  const Graph& graph = plan.graph;
  const auto load_if_variable = [&](ValueId value) {
    if (const std::string* name = variable_name(graph, value); name != nullptr)
      plan.loads.insert(*name);
  };
  for (const auto& [name, value] : graph.outputs()) load_if_variable(root_of(graph, value));
  for (const auto& [name, value] : graph.assigns()) {
    const ValueId root = root_of(graph, value);
    const std::string* from = variable_name(graph, root);
    if (from != nullptr && *from != name && graph.assigns().contains(*from)) load_if_variable(root);
  }
  const Users users(graph);
  const Layouts layouts(plan);
  const auto unsuitable = [&](const std::string& name, ValueId variable) {
    const auto layout = plan.layouts.find(name);
    if (layout == plan.layouts.end() || layout->second == Layout::kRowMajor ||
        plan.loads.contains(name))
      return false;
    const auto uses = users.of(variable);
    return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
      return layouts.input(use.node, use.operand) == Layout::kRowMajor;
    });
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [name, variable] : graph.variables()) {
      if (!unsuitable(name, variable)) continue;
      plan.loads.insert(name);
      changed = true;
    }
  }
}

/// Kernels cannot write into a variable whose layout they do not give.
std::set<std::string> not_in_place(const Plan& plan) {
  const Layouts layouts(plan);
  std::set<std::string> names;
  for (const auto& [name, value] : plan.graph.assigns()) {
    if (layouts.output(root_of(plan.graph, value)) != plan.layouts.at(name)) names.insert(name);
  }
  return names;
}

class Scheduler {
 public:
  Scheduler(const Graph& graph, const Updates& updates, const std::set<std::string>& loads)
      : graph_(graph), loads_(loads), followers_(count()), waiting_for_(count(), 0) {
    for (const auto& [name, value] : updates.in_place) in_store_.insert(value);
    for (const auto* ends : {&graph.outputs(), &graph.assigns()}) {
      for (const auto& [name, value] : *ends) ++readers_left_[root_of(graph, value)];
    }
    for (NodeId id = 0; id < graph.size(); ++id) {
      if (!launched(id)) continue;
      for (const ValueId root : roots(id)) {
        ++readers_left_[root];
        if (launched(root.node)) depend(root.node, id);
      }
    }
    for (const auto& [reader, writer] : updates.before) depend(reader, writer);
  }

  std::vector<NodeId> run() {
    std::vector<NodeId> order;
    std::set<NodeId> ready;
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (launched(id) && waiting_for_[at(id)] == 0) ready.insert(id);
    }
    while (!ready.empty()) {
      auto next =
          std::find_if(ready.begin(), ready.end(), [&](NodeId id) { return growth(id) <= 0; });
      if (next == ready.end()) next = ready.begin();
      const NodeId id = *next;
      ready.erase(next);
      order.push_back(id);
      for (const ValueId root : roots(id)) --readers_left_[root];
      for (const NodeId follower : followers_[at(id)]) {
        if (--waiting_for_[at(follower)] == 0) ready.insert(follower);
      }
    }
    return order;
  }

 private:
  static std::size_t at(NodeId id) { return static_cast<std::size_t>(id); }
  [[nodiscard]] std::size_t count() const { return at(graph_.size()); }

  [[nodiscard]] bool launched(NodeId id) const { return is_launched(graph_.node(id)); }

  void depend(NodeId first, NodeId second) {
    followers_[at(first)].push_back(second);
    ++waiting_for_[at(second)];
  }

  /// The values in memory that a node reads, each once.
  [[nodiscard]] std::set<ValueId> roots(NodeId id) const {
    std::set<ValueId> all;
    for (const ValueId input : graph_.node(id).inputs) all.insert(root_of(graph_, input));
    return all;
  }

  [[nodiscard]] bool in_arena(ValueId root) const {
    if (const std::string* name = variable_name(graph_, root); name != nullptr)
      return loads_.contains(*name);
    return launched(root.node) && !in_store_.contains(root);
  }

  /// Bytes by which running it now makes the values in the arena more.
  [[nodiscard]] std::int64_t growth(NodeId id) const {
    std::int64_t bytes = 0;
    for (std::size_t o = 0; o < graph_.node(id).outputs.size(); ++o) {
      const ValueId value{id, static_cast<std::int32_t>(o)};
      if (in_arena(value)) bytes += graph_.type(value).bytes();
    }
    for (const ValueId root : roots(id)) {
      if (in_arena(root) && readers_left_.at(root) == 1) bytes -= graph_.type(root).bytes();
    }
    return bytes;
  }

  const Graph& graph_;
  const std::set<std::string>& loads_;
  std::set<ValueId> in_store_;
  std::map<ValueId, std::int64_t> readers_left_;  // launches to come; outputs and assigns for ever
  std::vector<std::vector<NodeId>> followers_;
  std::vector<std::int32_t> waiting_for_;
};

}  // namespace

void schedule(Compilation& c) {
  Plan& plan = c.plan;
  find_loads(plan);
  const Updates updates = choose_updates(plan.graph, plan.loads, not_in_place(plan));
  for (const auto& [name, value] : updates.in_place) plan.in_place.insert(name);
  for (const auto& [name, value] : plan.graph.assigns()) {
    const bool same = root_of(plan.graph, value) == plan.graph.variables().at(name);
    if (!updates.covers(name) && !same) plan.copies[name] = value;
  }
  plan.order = Scheduler(plan.graph, updates, plan.loads).run();
}

}  // namespace bascule::detail
