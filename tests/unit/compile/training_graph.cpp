#include "unit/compile/training_graph.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bascule/graph/element_op.h>
#include <bascule/graph/grad.h>
#include <bascule/graph/op.h>

namespace bascule::test {
namespace {

Value activate(const Value& x, const std::string& name) {
  if (name.empty()) return x;
  Attributes attributes;
  if (find_element_op(name)->parameter) attributes.set("parameter", 0.3);
  return x.graph().add_one(name, std::array{x}, attributes);
}

class TrainingGraph {
 public:
  explicit TrainingGraph(const TrainingOptions& options) : options_(options) {
    lr_ = graph_.variable("lr", f32({}), VariableRole::kControl);
    step_ = graph_.variable("step", i64({}), VariableRole::kControl);
  }

  Graph build() {
    const Value loss = forward();
    graph_.output("loss", loss);
    std::vector<Value> gradients = grad(loss, parameters_);
    if (options_.clip) clip_by_norm(gradients);
    for (std::size_t i = 0; i < parameters_.size(); ++i) update(parameters_[i], gradients[i], i);
    graph_.assign(step_, increment(step_));
    return std::move(graph_);
  }

 private:
  Value parameter(const std::string& name, const Shape& shape) {
    const bool fresh = !graph_.variables().contains(name);
    const Value value = graph_.variable(name, f32(shape));
    if (fresh) parameters_.push_back(value);
    return value;
  }

  Value forward() {
    const auto& widths = options_.widths;
    Value x = graph_.input("x", f32({options_.batch, widths[0]}));
    const Value labels = graph_.input("labels", i32({options_.batch}));
    for (std::size_t layer = 0; layer + 1 < widths.size(); ++layer) {
      const bool last = layer + 2 == widths.size();
      const std::string weight =
          options_.tied && layer > 0 && !last ? "shared" : fmt::format("w{}", layer);
      const Value w = parameter(weight, {widths[layer], widths[layer + 1]});
      const Value b = parameter(fmt::format("b{}", layer), {widths[layer + 1]});
      x = matmul(x, w) + b;
      if (last) continue;
      x = activate(x, options_.activation);
      if (options_.dropout > 0) x = x * dropout_mask(step_, x.shape(), options_.dropout, 1, layer);
    }
    Value loss = mean(negate(pick(log_softmax(x), labels)));
    if (options_.weight_penalty > 0) {
      for (const Value& w : parameters_)
        loss = loss + scale(sum(square(w)), options_.weight_penalty);
    }
    return loss;
  }

  void clip_by_norm(std::vector<Value>& gradients) {
    Value squares = graph_.constant(0, f32({}));
    for (const Value& g : gradients) squares = squares + sum(square(g));
    const Value factor = minimum(graph_.constant(1, f32({})), rsqrt(squares));
    for (Value& g : gradients) g = g * factor;
  }

  void update(const Value& w, const Value& g, std::size_t i) {
    const auto state = [&](const std::string& kind) {
      return graph_.variable(fmt::format("{}{}", kind, i), w.type(), VariableRole::kState);
    };
    const std::string& optimizer = options_.optimizer;
    std::vector<Value> old = {w}, fresh;
    if (optimizer == "sgd") {
      fresh = sgd_update(w, g, lr_, 0.01);
    } else if (optimizer == "adam") {
      old = {w, state("m"), state("v")};
      fresh = adam_update(w, old[1], old[2], g, lr_, step_, 0.9, 0.999, 1e-3, 0, 0.01);
    } else {
      old = {w, state("s")};
      if (optimizer == "momentum") fresh = momentum_update(w, old[1], g, lr_, 0.9, false, true, 0);
      if (optimizer == "nesterov") fresh = momentum_update(w, old[1], g, lr_, 0.9, true, false, 0);
      if (optimizer == "rmsprop") fresh = rmsprop_update(w, old[1], g, lr_, 0.9, 1e-3, 0.01);
      if (optimizer == "lion") fresh = lion_update(w, old[1], g, lr_, 0.9, 0.99, 0.01);
    }
    for (std::size_t k = 0; k < old.size(); ++k) graph_.assign(old[k], fresh.at(k));
  }

  TrainingOptions options_;
  Graph graph_;
  Value lr_, step_;
  std::vector<Value> parameters_;
};

}  // namespace

Graph training_graph(const TrainingOptions& options) {
  return TrainingGraph(options).build();
}

Target planning_target() {
  Target target;
  target.device = "paper";
  target.fused = true;
  return target;
}

std::set<std::string> all_but(const std::set<std::string>& passes) {
  std::set<std::string> skip;
  for (const std::string& name : pass_names()) {
    if (is_optional_pass(name) && !passes.contains(name)) skip.insert(name);
  }
  return skip;
}

std::string after(Graph graph, const std::string& pass, const Target& target,
                  std::set<std::string> before) {
  before.insert(pass);
  CompileOptions options;
  options.keep_texts = true;
  options.skip = all_but(before);
  const auto plan = compile(std::move(graph), target, options);
  EXPECT_TRUE(plan.ok()) << plan.error().message;
  for (const PassReport& report : plan.value().passes) {
    if (report.name == pass) return "\n" + report.text;
  }
  return "no such pass";
}

std::string launches(const Plan& plan) {
  std::vector<std::string_view> ops;
  for (const NodeId id : plan.order) ops.push_back(plan.graph.node(id).op->name);
  return fmt::format("{}", fmt::join(ops, " "));
}

}  // namespace bascule::test
