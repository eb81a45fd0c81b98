// Element-wise nodes of one shape that follow each other → one map, so that what lies between them
// never goes through memory. Groups grow along edges, in the order of the graph. Every node belongs
// to one group: nothing is computed twice; what others read too becomes a further output.
#include <algorithm>

#include <bascule/graph/fused_ops.h>
#include <bascule/graph/op.h>

#include "compile/passes.h"
#include "compile/rewrite.h"
#include "compile/users.h"

namespace bascule::detail {
namespace {

constexpr std::size_t kMostInstructions = 24, kMostInputs = 12, kMostOutputs = 4;

using Group = std::vector<NodeId>;  // ascending

/// As a map reads its inputs: whole, a scalar, one row, one column.
bool broadcasts(const Shape& from, const Shape& to) {
  if (from == to || from.count() == 1) return true;
  const bool row = from.rank() > 0 && to.rank() > 0 && from.count() == to[to.rank() - 1] &&
                   from[from.rank() - 1] == from.count();
  const bool column = from.rank() == 2 && to.rank() == 2 && from[0] == to[0] && from[1] == 1;
  return row || column;
}

class MapFuser {
 public:
  MapFuser(const Graph& graph, const Target& target)
      : graph_(graph),
        target_(target),
        users_(graph),
        group_of_(static_cast<std::size_t>(graph.size()), kNone) {}

  std::vector<Replacement> run() {
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (!fits(id)) continue;
      group_of_[at(id)] = groups_.size();
      groups_.push_back({id});
      for (const ValueId input : graph_.node(id).inputs) try_merge(input.node, id);
    }
    std::vector<Replacement> found;
    for (const Group& group : groups_) {
      if (group.size() < 2) continue;
      if (auto one = replacement(group)) found.push_back(std::move(*one));
    }
    return found;
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static std::size_t at(NodeId id) { return static_cast<std::size_t>(id); }

  [[nodiscard]] const Shape& shape(NodeId id) const { return graph_.node(id).outputs[0].shape; }

  [[nodiscard]] bool fits(NodeId id) const {
    const Node& node = graph_.node(id);
    if (find_element_op(node.op->name) == nullptr) return false;
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId input) {
      return broadcasts(graph_.type(input).shape, shape(id));
    });
  }

  void try_merge(NodeId producer, NodeId consumer) {
    const std::size_t first = group_of_[at(producer)], second = group_of_[at(consumer)];
    if (first == kNone || first == second || shape(producer) != shape(consumer)) return;
    Group both;
    std::merge(groups_[first].begin(), groups_[first].end(), groups_[second].begin(),
               groups_[second].end(), std::back_inserter(both));
    const std::vector<ValueId> outputs = outputs_of(both);
    if (both.size() > kMostInstructions || inputs_of(both).size() > kMostInputs ||
        outputs.size() > kMostOutputs || !is_convex(both))
      return;
    for (const NodeId id : both) group_of_[at(id)] = first;
    groups_[first] = std::move(both);
    groups_[second].clear();
  }

  [[nodiscard]] static bool contains(const Group& group, NodeId id) {
    return std::binary_search(group.begin(), group.end(), id);
  }

  /// No way leads out of the group and back, where other groups count as single nodes: all that is
  /// reached from outputs of the group is outside of it.
  [[nodiscard]] bool is_convex(const Group& group) const {
    std::vector<bool> seen(at(graph_.size()), false);
    std::vector<NodeId> open;
    const auto visit = [&](NodeId id) {
      if (seen[at(id)]) return;
      seen[at(id)] = true;
      open.push_back(id);
    };
    const auto visit_readers = [&](NodeId id) {
      for (std::size_t o = 0; o < graph_.node(id).outputs.size(); ++o) {
        for (const Use use : users_.of({id, static_cast<std::int32_t>(o)})) {
          if (!contains(group, id) || !contains(group, use.node)) visit(use.node);
        }
      }
    };
    for (const NodeId id : group) visit_readers(id);
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (contains(group, id)) return false;
      const std::size_t other = group_of_[at(id)];
      if (other != kNone) {
        for (const NodeId member : groups_[other]) visit(member);
      }
      visit_readers(id);
    }
    return true;
  }

  /// First one that the map may write over, if there is any: of the whole shape, and read by
  /// nothing else.
  [[nodiscard]] std::vector<ValueId> inputs_of(const Group& group) const {
    std::vector<ValueId> inputs;
    for (const NodeId id : group) {
      for (const ValueId input : graph_.node(id).inputs) {
        if (!contains(group, input.node) &&
            std::find(inputs.begin(), inputs.end(), input) == inputs.end())
          inputs.push_back(input);
      }
    }
    const auto ends_here = [&](ValueId value) {
      const auto uses = users_.of(value);
      return graph_.type(value) == graph_.node(group[0]).outputs[0] && !users_.leaves(value) &&
             !is_source(graph_.node(root_of(graph_, value).node)) &&
             std::all_of(uses.begin(), uses.end(),
                         [&](const Use& use) { return contains(group, use.node); });
    };
    std::stable_partition(inputs.begin(), inputs.end(), ends_here);
    return inputs;
  }

  [[nodiscard]] std::vector<ValueId> outputs_of(const Group& group) const {
    std::vector<ValueId> outputs;
    for (const NodeId id : group) {
      const ValueId value{id, 0};
      const auto uses = users_.of(value);
      if (users_.leaves(value) || std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
            return !contains(group, use.node);
          }))
        outputs.push_back(value);
    }
    return outputs;
  }

  [[nodiscard]] std::optional<Replacement> replacement(const Group& group) const {
    const std::vector<ValueId> inputs = inputs_of(group), outputs = outputs_of(group);
    if (outputs.empty()) return std::nullopt;  // without effect, if simplify was left out
    std::map<ValueId, std::int32_t> registers;
    const auto next_register = [&] { return static_cast<std::int32_t>(registers.size()); };
    for (const ValueId input : inputs) registers.emplace(input, next_register());
    MapCode code;
    code.inputs = next_register();
    for (const NodeId id : group) {
      const Node& node = graph_.node(id);
      const ElementOpInfo& info = *find_element_op(node.op->name);
      const auto operand = [&](std::size_t i) {
        return i < node.inputs.size() ? registers.at(node.inputs[i]) : 0;
      };
      code.instructions.push_back({info.op, operand(0), operand(1), operand(2),
                                   info.parameter ? node.attributes.number("parameter") : 0});
      registers.emplace(ValueId{id, 0}, next_register());
    }
    for (const ValueId output : outputs) code.outputs.push_back(registers.at(output));
    return replace_by_node(graph_, target_, "map", inputs, map_attributes(code), outputs);
  }

  const Graph& graph_;
  const Target& target_;
  Users users_;
  std::vector<std::size_t> group_of_;
  std::vector<Group> groups_;
};

}  // namespace

Graph fuse_map(const Graph& graph, const Target& target) {
  if (!target.fused) return rewrite(graph, {});
  return rewrite(graph, MapFuser(graph, target).run());
}

}  // namespace bascule::detail
