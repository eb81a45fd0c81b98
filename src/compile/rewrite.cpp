#include "compile/rewrite.h"

#include <cassert>

#include <bascule/graph/op.h>

#include "compile/users.h"

namespace bascule::detail {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// Copies nodes, or makes what replaces them, after all that they need.
class Copier {
 public:
  Copier(const Graph& from, std::span<const Replacement> replacements)
      : from_(from),
        replacements_(replacements),
        replaced_by_(static_cast<std::size_t>(from.size()), kNone),
        map_(from) {
    for (std::size_t r = 0; r < replacements.size(); ++r) {
      for (const ValueId output : replacements[r].outputs)
        replaced_by_[static_cast<std::size_t>(output.node)] = r;
    }
  }

  Graph run() {
    const std::vector<bool> wanted = wanted_nodes();
    for (NodeId id = 0; id < from_.size(); ++id) {
      if (wanted[static_cast<std::size_t>(id)]) make(id);
    }
    copy_ends(from_, map_, to_);
    return std::move(to_);
  }

 private:
  [[nodiscard]] const Replacement* replacement(NodeId id) const {
    const std::size_t r = replaced_by_[static_cast<std::size_t>(id)];
    return r == kNone ? nullptr : &replacements_[r];
  }

  [[nodiscard]] std::span<const ValueId> needs(NodeId id) const {
    const Replacement* r = replacement(id);
    return r == nullptr ? from_.node(id).inputs : r->inputs;
  }

  [[nodiscard]] std::vector<bool> wanted_nodes() const {
    std::vector<bool> wanted(static_cast<std::size_t>(from_.size()), false);
    std::vector<NodeId> open;
    const auto want = [&](NodeId id) {
      if (wanted[static_cast<std::size_t>(id)]) return;
      wanted[static_cast<std::size_t>(id)] = true;
      open.push_back(id);
    };
    for (const auto* ends :
         {&from_.inputs(), &from_.variables(), &from_.outputs(), &from_.assigns()}) {
      for (const auto& [name, value] : *ends) want(value.node);
    }
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      for (const ValueId need : needs(id)) want(need.node);
    }
    return wanted;
  }

  /// A stack instead of recursion: graphs may be deep.
  void make(NodeId last) {
    std::vector<NodeId> open = {last};
    while (!open.empty()) {
      const NodeId id = open.back();
      bool ready = true;
      for (const ValueId need : needs(id)) {
        if (map_.get(need).valid()) continue;
        open.push_back(need.node);
        ready = false;
      }
      if (!ready) continue;
      open.pop_back();
      if (!made(id)) make_one(id);
    }
  }

  [[nodiscard]] bool made(NodeId id) const {
    const Replacement* r = replacement(id);
    return map_.get(r == nullptr ? ValueId{id, 0} : r->outputs[0]).valid();
  }

  void make_one(NodeId id) {
    if (is_source(from_.node(id))) {
      map_.set({id, 0}, copy_source(from_.node(id), to_));
      return;
    }
    std::vector<Value> inputs;
    for (const ValueId need : needs(id)) inputs.push_back(map_.get(need));
    if (const Replacement* r = replacement(id); r != nullptr) {
      const std::vector<Value> values = r->build(to_, inputs);
      assert(values.size() == r->outputs.size());
      for (std::size_t o = 0; o < values.size(); ++o) map_.set(r->outputs[o], values[o]);
      return;
    }
    const Node& node = from_.node(id);
    const std::vector<Value> values = to_.add(*node.op, inputs, node.attributes);
    for (const Value& value : values) map_.set({id, value.id().output}, value);
  }

  const Graph& from_;
  std::span<const Replacement> replacements_;
  std::vector<std::size_t> replaced_by_;
  ValueMap map_;
  Graph to_;
};

}  // namespace

ValueMap::ValueMap(const Graph& from) : values_(static_cast<std::size_t>(from.size())) {
  for (NodeId id = 0; id < from.size(); ++id)
    values_[static_cast<std::size_t>(id)].resize(from.node(id).outputs.size());
}

void ValueMap::set(ValueId old, const Value& value) {
  values_[static_cast<std::size_t>(old.node)][static_cast<std::size_t>(old.output)] = value;
}

const Value& ValueMap::get(ValueId old) const {
  return values_[static_cast<std::size_t>(old.node)][static_cast<std::size_t>(old.output)];
}

Value copy_source(const Node& node, Graph& to) {
  if (node.op->name == "input") return to.input(node.attributes.text("name"), node.outputs[0]);
  if (node.op->name == "variable")
    return to.variable(node.attributes.text("name"), node.outputs[0], Graph::role(node));
  return to.constant(node.attributes.number("value"), node.outputs[0]);
}

void copy_ends(const Graph& from, const ValueMap& map, Graph& to) {
  for (const auto& [name, value] : from.outputs()) to.output(name, map.get(value));
  for (const auto& [name, value] : from.assigns())
    to.assign(map.get(from.variables().at(name)), map.get(value));
}

std::optional<Replacement> replace_by_node(const Graph& graph, const Target& target,
                                           std::string_view op, std::vector<ValueId> inputs,
                                           Attributes attributes, std::vector<ValueId> outputs) {
  if (!target.fused) return std::nullopt;
  Node node{&get_op(op), inputs, attributes, {}};
  for (const ValueId output : outputs) node.outputs.push_back(graph.type(output));
  if (target.supports && !target.supports(graph, node)) return std::nullopt;
  return Replacement{
      std::move(inputs), std::move(outputs),
      [info = node.op, attributes = std::move(attributes)](
          Graph& to, std::span<const Value> values) { return to.add(*info, values, attributes); }};
}

Graph rewrite(const Graph& from, std::span<const Replacement> replacements) {
  return Copier(from, replacements).run();
}

}  // namespace bascule::detail
