// Gradients of a scaled loss, for products of fp16 factors, whose numbers end at 2⁻²⁴ below and
// 65,504 above (Micikevicius et al. 2018, "Mixed precision training"; the rule of growing and
// backing off is that of PyTorch's GradScaler). What grad() appended begins with the scale instead
// of 1 and is divided by it where it ends. A step with a gradient that is not finite leaves
// parameters, optimizer states and Adam's count of steps as they were.
#include <map>
#include <set>

#include <bascule/graph/op.h>
#include <bascule/graph/ops.h>

#include "compile/passes.h"
#include "compile/rewrite.h"
#include "compile/updates.h"
#include "compile/users.h"
#include "graph/ops/optimizers.h"

namespace bascule::detail {
namespace {

constexpr double kGrowth = 2, kBackOff = 0.5;
constexpr double kLeast = 1, kMost = 16777216;  ///< of the scale

class LossScaler {
 public:
  LossScaler(const Graph& from, const LossScaling& options)
      : from_(from), options_(options), backward_(from.backwards().front()), map_(from) {
    gradients_.insert(backward_.gradients.begin(), backward_.gradients.end());
  }

  Graph run() {
    begin();
    for (NodeId id = 0; id < from_.size(); ++id) {
      if (id == backward_.end) end_backward();
      copy(id);
    }
    if (backward_.end == from_.size()) end_backward();
    copy_ends();
    move_scale();
    return std::move(to_);
  }

 private:
  Value control(const std::string& name) {
    return to_.variable(name, f32({}), VariableRole::kControl);
  }
  Value number(double value) { return to_.constant(value, f32({})); }

  void begin() {
    scale_ = control(kLossScale);
    // Variables begin as zeros.
    now_ = select(equal(scale_, number(0)), number(options_.initial), scale_);
  }

  /// All gradients are there.
  void end_backward() {
    Value total;
    for (const ValueId gradient : gradients_) {
      Value sums = map_.get(gradient);
      // Of rows first: one number is the work of one block.
      if (sums.shape().rank() > 1) sums = sum(sums, {-1});
      sums = sum(sums);
      total = total.valid() ? total + sums : sums;
    }
    // What is not finite makes the sum so, and then the difference is not a number.
    finite_ = equal(total - total, number(0));
    inverse_ = reciprocal(now_);
    gate_ = finite_ * inverse_;
    for (const ValueId gradient : gradients_) unscaled_[gradient] = Value();
  }

  Value unscaled(ValueId gradient) {
    Value& value = unscaled_.at(gradient);
    if (!value.valid()) value = map_.get(gradient) * inverse_;
    return value;
  }
  /// A value as the nodes behind the backward pass read it.
  Value outside(ValueId old) { return gradients_.contains(old) ? unscaled(old) : map_.get(old); }

  void copy(NodeId id) {
    const Node& node = from_.node(id);
    if (id == backward_.seed.node) return map_.set({id, 0}, now_);
    if (is_source(node)) return map_.set({id, 0}, copy_source(node, to_));
    const bool behind = id >= backward_.end;
    std::vector<Value> inputs;
    bool learns = false;
    for (const ValueId input : node.inputs) {
      learns = learns || learning_.contains(input) || (behind && gradients_.contains(input));
      inputs.push_back(behind ? outside(input) : map_.get(input));
    }
    Attributes attributes = node.attributes;
    if (learns && is_update(node)) gate(node, inputs, attributes);
    const std::vector<Value> outputs = to_.add(*node.op, inputs, std::move(attributes));
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      const ValueId output{id, static_cast<std::int32_t>(o)};
      map_.set(output, outputs[o]);
      if (learns) learning_.insert(output);
      if (learns && is_update(node)) gated_.insert(output);
    }
  }

  void gate(const Node& node, std::vector<Value>& inputs, Attributes& attributes) {
    const std::size_t gradient_at = node.outputs.size();
    const ValueId gradient = node.inputs[gradient_at];
    // The update divides by the scale itself where nothing stands between.
    const bool direct = gradients_.contains(gradient);
    if (direct) inputs[gradient_at] = map_.get(gradient);
    if (find_update(node.op->name)->step) inputs.back() = steps_learned(node.inputs.back());
    inputs.push_back(direct ? gate_ : finite_);
    attributes.set("gated", std::int64_t{1});
  }

  /// Adam's count: of the steps that were not skipped.
  Value steps_learned(ValueId step) {
    const std::string* name = variable_name(from_, step);
    const Value count = control(std::string(kLossScale) + ".learned." + (name ? *name : ""));
    if (!counted_.contains(count.id())) {
      counted_.insert(count.id());
      to_.assign(count, count + finite_);
    }
    return cast(count, DType::kI64);
  }

  void copy_ends() {
    for (const auto& [name, value] : from_.outputs()) to_.output(name, outside(value));
    for (const auto& [name, value] : from_.assigns()) {
      const Value variable = map_.get(from_.variables().at(name));
      Value next = outside(value);
      const bool learns = learning_.contains(value) || gradients_.contains(value);
      if (learns && !gated_.contains(value)) next = select(finite_, next, variable);
      to_.assign(variable, next);
    }
  }

  void move_scale() {
    const Value clean = control(std::string(kLossScale) + ".clean");
    const Value skipped = control(kSkippedSteps);
    const Value run = offset(clean, 1);
    const Value grows = greater_equal(run, number(static_cast<double>(options_.growth_steps)));
    const Value grown = select(grows, minimum(scale(now_, kGrowth), number(kMost)), now_);
    const Value backed = maximum(scale(now_, kBackOff), number(kLeast));
    to_.assign(scale_, select(finite_, grown, backed));
    to_.assign(clean, select(finite_, select(grows, number(0), run), number(0)));
    to_.assign(skipped, skipped + (number(1) - finite_));
  }

  const Graph& from_;
  const LossScaling& options_;
  const Backward& backward_;
  Graph to_;
  ValueMap map_;
  std::set<ValueId> gradients_;
  std::set<ValueId> learning_;  ///< values that depend on gradients
  std::set<ValueId> gated_;     ///< results of updates
  std::set<ValueId> counted_;   ///< counts of steps, of the new graph
  std::map<ValueId, Value> unscaled_;
  Value scale_, now_, finite_, inverse_, gate_;
};

}  // namespace

Status loss_scale(Compilation& c) {
  if (c.options.precision != Precision::kFp16) return {};
  const Graph& graph = c.plan.graph;
  if (graph.backwards().empty()) return {};
  if (graph.backwards().size() > 1)
    return {Code::kUsage, "fp16: gradients of more than one loss in a graph cannot be scaled"};
  c.plan.graph = LossScaler(graph, c.options.loss_scaling).run();
  for (const auto& [name, variable] : c.plan.graph.variables())
    c.plan.layouts.emplace(name, Layout::kRowMajor);  // those that were added
  return {};
}

}  // namespace bascule::detail
