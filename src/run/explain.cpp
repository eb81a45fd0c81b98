#include <fmt/format.h>

#include <bascule/graph/op.h>

#include "run/program_state.h"

namespace bascule {
namespace {

std::string place_text(const PlannedValue& planned) {
  const char* panels = planned.layout == Layout::kPanels   ? " panels"
                       : planned.layout == Layout::kHalves ? " halves"
                                                           : "";
  switch (planned.place) {
    case Place::kArena:
      return fmt::format("@{}", planned.offset);
    case Place::kInput:
    case Place::kVariable:
      return planned.name + panels;
    case Place::kConstant:
      break;
  }
  return "constant";
}

std::string operands_text(const Plan& plan, const std::vector<ValueId>& values) {
  std::string text;
  for (const ValueId value : values)
    text += (text.empty() ? "" : ", ") + place_text(plan.values.at(value));
  return text;
}

std::vector<ValueId> outputs_of(const Plan& plan, NodeId id) {
  std::vector<ValueId> values;
  for (std::size_t o = 0; o < plan.graph.node(id).outputs.size(); ++o)
    values.push_back({id, static_cast<std::int32_t>(o)});
  return values;
}

std::string record_text(const StepRecord& record) {
  std::string text = fmt::format("\nsteps launched as one recording: {}, launch by launch: {}",
                                 record.recorded, record.plain);
  if (!record.refused.empty()) return fmt::format("{}; not recorded: {}\n", text, record.refused);
  return text + (record.recording ? "\n" : "; recorded from the second one on\n");
}

}  // namespace

std::string Program::explain() const {
  const Plan& plan = state_->plan;
  std::string text = fmt::format("{:<14} {:>9} {:>6} {:>6}\n", "pass", "ms", "before", "after");
  for (const PassReport& pass : plan.passes) {
    text += fmt::format("{:<14} {:>9.3f} {:>6} {:>6}\n", pass.name, pass.seconds * 1e3,
                        pass.nodes_before, pass.nodes_after);
    text += pass.text;
  }
  text += fmt::format("\narena {} bytes, workspace {} bytes, constants {} bytes\n\n",
                      plan.arena_bytes, state_->workspace->bytes(), state_->constants->bytes());
  text +=
      fmt::format("{:<30} {:<20} {:>10} {:>10}  {}\n", "launch", "kernel", "MFLOP", "MB", "places");
  for (const std::string& name : plan.loads) text += fmt::format("load {}\n", name);
  for (std::size_t i = 0; i < plan.order.size(); ++i) {
    const NodeId id = plan.order[i];
    const Node& node = plan.graph.node(id);
    text += fmt::format(
        "{:<30} {:<20} {:>10.3f} {:>10.3f}  {} -> {}\n", fmt::format("%{} {}", id, node.op->name),
        state_->launches[i].kernel->description(), node_flops(plan.graph, node) * 1e-6,
        node_bytes(plan.graph, node) * 1e-6, operands_text(plan, node.inputs),
        operands_text(plan, outputs_of(plan, id)));
  }
  for (const auto& [name, value] : plan.copies)
    text += fmt::format("copy {} -> {}\n", place_text(plan.values.at(value)), name);
  if (state_->device->records()) text += record_text(state_->record);
  return text;
}

}  // namespace bascule
