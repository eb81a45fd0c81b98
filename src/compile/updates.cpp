#include "compile/updates.h"

#include <algorithm>

#include <bascule/graph/op.h>

#include "compile/users.h"
#include "graph/ops/optimizers.h"

namespace bascule::detail {
namespace {

class UpdateChooser {
 public:
  UpdateChooser(const Graph& graph, const std::set<std::string>& copied)
      : graph_(graph), copied_(copied), users_(graph), followers_(count()) {
    for (NodeId id = 0; id < graph.size(); ++id) {
      for (const ValueId input : graph.node(id).inputs) followers_[at(input.node)].push_back(id);
    }
    for (const auto& [name, value] : graph.outputs()) outputs_.insert(root_of(graph, value));
  }

  Updates run(const std::set<std::string>& excluded) {
    for (const auto& [name, value] : graph_.assigns()) {
      if (!excluded.contains(name)) consider(name, root_of(graph_, value));
    }
    return std::move(updates_);
  }

 private:
  static std::size_t at(NodeId id) { return static_cast<std::size_t>(id); }
  [[nodiscard]] std::size_t count() const { return at(graph_.size()); }

  void consider(const std::string& name, ValueId value) {
    const Node& writer = graph_.node(value.node);
    // An output belongs to the program, not to the store, which others may write.
    if (is_source(writer) || outputs_.contains(value) || taken_.contains(value)) return;
    if (!copied_.contains(name)) {
      const ValueId variable = graph_.variables().at(name);
      if (!may_overwrite(writer, value, variable)) return;
      const std::vector<NodeId> readers = readers_of(variable, value.node);
      if (reaches_any(value.node, readers)) return;
      for (const NodeId reader : readers) {
        followers_[at(reader)].push_back(value.node);
        updates_.before.emplace_back(reader, value.node);
      }
    }
    taken_.insert(value);
    updates_.in_place[name] = value;
  }

  /// The writer reads the variable not at all, or once and where its declaration allows it.
  [[nodiscard]] bool may_overwrite(const Node& writer, ValueId value, ValueId variable) const {
    std::size_t reads = 0;
    for (const ValueId input : writer.inputs) reads += root_of(graph_, input) == variable ? 1 : 0;
    if (reads == 0) return true;
    const auto output = static_cast<std::size_t>(value.output);
    if (reads > 1 || output >= writer.op->in_place.size()) return false;
    const std::int32_t operand = writer.op->in_place[output];
    if (operand < 0) return false;
    const ValueId input = writer.inputs[static_cast<std::size_t>(operand)];
    return root_of(graph_, input) == variable && graph_.type(input) == graph_.type(value);
  }

  /// Nodes other than the writer that read a variable, itself or through views.
  [[nodiscard]] std::vector<NodeId> readers_of(ValueId variable, NodeId writer) const {
    std::vector<NodeId> readers;
    std::vector<ValueId> open = {variable};
    while (!open.empty()) {
      const ValueId value = open.back();
      open.pop_back();
      for (const Use use : users_.of(value)) {
        if (graph_.node(use.node).op->view) {
          open.push_back({use.node, 0});
        } else if (use.node != writer) {
          readers.push_back(use.node);
        }
      }
    }
    std::sort(readers.begin(), readers.end());
    readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
    return readers;
  }

  [[nodiscard]] bool reaches_any(NodeId from, const std::vector<NodeId>& targets) const {
    if (targets.empty()) return false;
    std::vector<bool> seen(count(), false);
    std::vector<NodeId> open = {from};
    seen[at(from)] = true;
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (std::binary_search(targets.begin(), targets.end(), id)) return true;
      for (const NodeId next : followers_[at(id)]) {
        if (seen[at(next)]) continue;
        seen[at(next)] = true;
        open.push_back(next);
      }
    }
    return false;
  }

  const Graph& graph_;
  const std::set<std::string>& copied_;
  Users users_;
  std::vector<std::vector<NodeId>> followers_;  // of each node, by data and by accepted order
  std::set<ValueId> outputs_, taken_;
  Updates updates_;
};

}  // namespace

Updates choose_updates(const Graph& graph, const std::set<std::string>& copied,
                       const std::set<std::string>& excluded) {
  return UpdateChooser(graph, copied).run(excluded);
}

bool is_update(const Node& node) {
  return find_update(node.op->name) != nullptr;
}

UpdatedOperands updated_operands(const Node& node) {
  if (node.op->name == "linear_update") return {2, node.outputs.size()};
  return {0, is_update(node) ? node.outputs.size() : 0};
}

}  // namespace bascule::detail
