// A place for every value. Values that are alive at the same time never share memory, except that a
// kernel may write over an operand that ends with it, where the op's declaration allows it.
#include <algorithm>

#include <bascule/graph/op.h>

#include "compile/arena.h"
#include "compile/layouts.h"
#include "compile/passes.h"
#include "compile/users.h"

namespace bascule::detail {
namespace {

class MemoryPlanner {
 public:
  explicit MemoryPlanner(Compilation& c)
      : plan_(c.plan), graph_(c.plan.graph), target_(c.target), layouts_(c.plan) {
    for (const std::string& name : plan_.in_place)
      stored_[root_of(graph_, graph_.assigns().at(name))] = name;
  }

  void run() {
    find_last_reads();
    for (const std::string& name : plan_.loads)
      begin(graph_.variables().at(name), kBeforeStep, Layout::kRowMajor);
    for (std::size_t p = 0; p < plan_.order.size(); ++p) place_outputs(static_cast<Position>(p));
    plan_.arena_bytes = place_blocks(blocks_, target_.alignment);
    for (const auto* named : {&graph_.inputs(), &graph_.outputs(), &std::as_const(plan_.copies)}) {
      for (const auto& [name, value] : *named) describe(value);
    }
    for (const std::string& name : plan_.loads) describe(graph_.variables().at(name));
    for (const NodeId id : plan_.order) {
      for (const ValueId input : graph_.node(id).inputs) describe(input);
      for (std::size_t o = 0; o < graph_.node(id).outputs.size(); ++o)
        describe({id, static_cast<std::int32_t>(o)});
    }
  }

 private:
  using Position = std::int32_t;
  static constexpr Position kBeforeStep = -1;

  void find_last_reads() {
    for (std::size_t p = 0; p < plan_.order.size(); ++p) {
      for (const ValueId input : graph_.node(plan_.order[p]).inputs)
        last_read_[root_of(graph_, input)] = static_cast<Position>(p);
    }
    const auto end = static_cast<Position>(plan_.order.size());
    for (const auto* ends : {&graph_.outputs(), &std::as_const(plan_.copies)}) {
      for (const auto& [name, value] : *ends) last_read_[root_of(graph_, value)] = end;
    }
  }

  [[nodiscard]] Position last_read(ValueId value, Position begin) const {
    const auto at = last_read_.find(value);
    return at == last_read_.end() ? begin : std::max(begin, at->second);
  }

  void begin(ValueId value, Position position, Layout layout) {
    block_of_[value] = blocks_.size();
    blocks_.push_back(
        {target_.bytes(graph_.type(value), layout), position, last_read(value, position), 0});
  }

  void place_outputs(Position position) {
    const NodeId id = plan_.order[static_cast<std::size_t>(position)];
    const Node& node = graph_.node(id);
    for (std::size_t o = 0; o < node.outputs.size(); ++o) {
      const ValueId value{id, static_cast<std::int32_t>(o)};
      if (stored_.contains(value)) continue;
      if (const auto block = block_to_overwrite(node, o, position)) {
        block_of_[value] = *block;
        blocks_[*block].last = last_read(value, position);
      } else {
        begin(value, position, layouts_.output(value));
      }
    }
  }

  [[nodiscard]] std::optional<std::size_t> block_of(ValueId value) const {
    const auto at = block_of_.find(root_of(graph_, value));
    return at == block_of_.end() ? std::nullopt : std::optional(at->second);
  }

  /// Of the operand that output o may be written over: it ends here and is read only once.
  [[nodiscard]] std::optional<std::size_t> block_to_overwrite(const Node& node, std::size_t o,
                                                              Position position) const {
    if (o >= node.op->in_place.size() || node.op->in_place[o] < 0) return std::nullopt;
    const ValueId input = node.inputs[static_cast<std::size_t>(node.op->in_place[o])];
    const auto block = block_of(input);
    // Where another output has taken it already, its last position is that one's.
    if (!block || blocks_[*block].last != position || graph_.type(input) != node.outputs[o])
      return std::nullopt;
    const auto reads = std::count_if(node.inputs.begin(), node.inputs.end(),
                                     [&](ValueId other) { return block_of(other) == block; });
    return reads == 1 ? block : std::nullopt;
  }

  void describe(ValueId value) {
    if (plan_.values.contains(value)) return;
    const ValueId root = root_of(graph_, value);
    const Node& node = graph_.node(root.node);
    PlannedValue planned;
    if (const auto block = block_of(root)) {
      planned.offset = blocks_[*block].offset;
      if (!is_source(node)) planned.layout = layouts_.output(root);
    } else if (const auto at = stored_.find(root); at != stored_.end()) {
      planned = {Place::kVariable, plan_.layouts.at(at->second), 0, 0, at->second};
    } else if (const std::string* name = variable_name(graph_, root); name != nullptr) {
      planned = {Place::kVariable, plan_.layouts.at(*name), 0, 0, *name};
    } else if (node.op->name == "input") {
      planned.place = Place::kInput;
      planned.name = node.attributes.text("name");
    } else {
      planned.place = Place::kConstant;
    }
    planned.bytes = target_.bytes(graph_.type(value), planned.layout);
    plan_.values.emplace(value, std::move(planned));
  }

  Plan& plan_;
  const Graph& graph_;
  const Target& target_;
  Layouts layouts_;
  std::map<ValueId, std::string> stored_;  // by kernels, into variables
  std::map<ValueId, Position> last_read_;
  std::map<ValueId, std::size_t> block_of_;
  std::vector<Block> blocks_;
};

}  // namespace

void plan_memory(Compilation& c) {
  MemoryPlanner(c).run();
}

}  // namespace bascule::detail
