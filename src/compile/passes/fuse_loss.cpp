// The cross-entropy of class labels, forward and backward:
//   pick(log_softmax(z), labels)                                → −sparse_cross_entropy(z, labels)
//   log_softmax_grad(place(v, labels), log_softmax(z))   → sparse_cross_entropy_grad(z, labels, −v)
// because with p = softmax(z) the second is v one_hot − p v. Made when nothing else reads
// log_softmax(z), which then disappears.
// And the likelihood of counts, so that z is read once:
//   multinomial_nll(z, c) and multinomial_nll_grad(z, c, v)   → multinomial_nll_and_grad(z, c, v)
// The loss then waits for v, which must not come from a likelihood: two of them could wait for each
// other.
#include <set>

#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>

#include "compile/passes.h"
#include "compile/rewrite.h"
#include "compile/users.h"

namespace bascule::detail {
namespace {

Value negative(const Value& value) {
  const Node& node = value.graph().node(value.id().node);
  if (node.op->name == "negate") return {&value.graph(), node.inputs[0]};
  if (node.op->name == "constant")
    return value.graph().constant(-node.attributes.number("value"), value.type());
  return negate(value);
}

class LossFuser {
 public:
  LossFuser(const Graph& graph, const Target& target)
      : graph_(graph), target_(target), users_(graph) {}

  std::vector<Replacement> run() {
    std::vector<Replacement> found;
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (graph_.node(id).op->name == "multinomial_nll") {
        if (auto one = loss_and_gradient(id)) found.push_back(std::move(*one));
        continue;
      }
      if (graph_.node(id).op->name != "log_softmax") continue;
      std::vector<Replacement> all = readers_of({id, 0});
      found.insert(found.end(), std::make_move_iterator(all.begin()),
                   std::make_move_iterator(all.end()));
    }
    return found;
  }

 private:
  /// What replaces all readers of log_softmax(z), or nothing if one of them must stay.
  std::vector<Replacement> readers_of(ValueId log_softmax) const {
    const ValueId logits = graph_.node(log_softmax.node).inputs[0];
    std::vector<Replacement> found;
    if (users_.leaves(log_softmax) || graph_.type(logits).shape.rank() != 2) return {};
    for (const Use use : users_.of(log_softmax)) {
      const Node& reader = graph_.node(use.node);
      auto one = reader.op->name == "pick"               ? loss(logits, use.node)
                 : reader.op->name == "log_softmax_grad" ? gradient(logits, use)
                                                         : std::nullopt;
      if (!one) return {};
      found.push_back(std::move(*one));
    }
    return found;
  }

  std::optional<Replacement> loss(ValueId logits, NodeId pick) const {
    ValueId end = {pick, 0};
    const bool negated =
        users_.single(end) && graph_.node(users_.of(end)[0].node).op->name == "negate";
    if (negated) end = {users_.of(end)[0].node, 0};
    auto one = replace_by_node(graph_, target_, "sparse_cross_entropy",
                               {logits, graph_.node(pick).inputs[1]}, {}, {end});
    if (one && !negated) {
      one->build = [inner = one->build](Graph& graph, std::span<const Value> inputs) {
        return std::vector{negate(inner(graph, inputs)[0])};
      };
    }
    return one;
  }

  std::optional<Replacement> gradient(ValueId logits, Use use) const {
    const Node& placed = graph_.node(graph_.node(use.node).inputs[0].node);
    if (use.operand != 1 || placed.op->name != "place") return std::nullopt;
    auto one = replace_by_node(graph_, target_, "sparse_cross_entropy_grad",
                               {logits, placed.inputs[1], placed.inputs[0]}, {}, {{use.node, 0}});
    if (one) {
      one->build = [inner = one->build](Graph& graph, std::span<const Value> inputs) {
        return inner(graph, std::array{inputs[0], inputs[1], negative(inputs[2])});
      };
    }
    return one;
  }

  /// Each gradient serves one loss.
  std::optional<Replacement> loss_and_gradient(NodeId loss) {
    const std::vector<ValueId>& inputs = graph_.node(loss).inputs;
    for (const Use use : users_.of(inputs[0])) {
      const Node& reader = graph_.node(use.node);
      if (use.operand != 0 || reader.op->name != "multinomial_nll_grad" ||
          reader.inputs[1] != inputs[1] || needs_likelihood(reader.inputs[2].node) ||
          !taken_.insert(use.node).second)
        continue;
      return replace_by_node(graph_, target_, "multinomial_nll_and_grad", reader.inputs, {},
                             {{use.node, 0}, {loss, 0}});
    }
    return std::nullopt;
  }
  [[nodiscard]] bool needs_likelihood(NodeId node) const {
    std::vector<bool> needed(static_cast<std::size_t>(node) + 1);
    needed.back() = true;
    for (NodeId id = node; id >= 0; --id) {  // nodes come after those that they read
      if (!needed[static_cast<std::size_t>(id)]) continue;
      if (graph_.node(id).op->name.starts_with("multinomial_nll")) return true;
      for (const ValueId input : graph_.node(id).inputs)
        needed[static_cast<std::size_t>(input.node)] = true;
    }
    return false;
  }

  const Graph& graph_;
  const Target& target_;
  Users users_;
  std::set<NodeId> taken_;
};

}  // namespace

Graph fuse_loss(const Graph& graph, const Target& target) {
  return rewrite(graph, LossFuser(graph, target).run());
}

}  // namespace bascule::detail
