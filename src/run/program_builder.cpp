#include "run/program_builder.h"

#include <algorithm>

#include <fmt/format.h>

#include <bascule/graph/op.h>

#include "compile/users.h"
#include "run/constants.h"

namespace bascule {
namespace {

void* offset_by(DeviceMemory& memory, std::int64_t bytes) {
  return static_cast<std::byte*>(memory.data()) + bytes;
}

}  // namespace

Status ProgramBuilder::build(Graph graph, CompileOptions options) {
  state_.device = &store_.device();
  for (const auto& [name, layout] : store_.layouts()) options.variable_layouts[name] = layout;
  BASCULE_ASSIGN(state_.plan, compile(std::move(graph), state_.device->target(), options));
  for (const auto& [name, value] : state_.plan.graph.inputs())
    state_.inputs[name].type = state_.plan.graph.type(value);
  BASCULE_TRY(declare_variables());
  BASCULE_TRY(allocate());
  BASCULE_TRY(prepare_kernels());
  prepare_transfers();
  prepare_outputs();
  return {};
}

Status ProgramBuilder::declare_variables() {
  const Graph& graph = state_.plan.graph;
  for (const auto& [name, value] : graph.variables())
    BASCULE_TRY(store_.declare(name, graph.type(value), Graph::role(graph.node(value.node))));
  for (const auto& [name, layout] : state_.plan.layouts)
    BASCULE_TRY(store_.fix_layout(name, layout));
  return {};
}

Status ProgramBuilder::allocate() {
  BASCULE_ASSIGN(state_.arena, state_.device->allocate(state_.plan.arena_bytes));
  return fill_constants();
}

Status ProgramBuilder::fill_constants() {
  const std::int64_t alignment = state_.device->target().alignment;
  std::int64_t total = 0;
  for (const auto& [value, planned] : state_.plan.values) {
    if (planned.place != Place::kConstant) continue;
    constant_offsets_[value] = total;
    total += (planned.bytes + alignment - 1) / alignment * alignment;
  }
  BASCULE_ASSIGN(state_.constants, state_.device->allocate(total));
  for (const auto& [value, offset] : constant_offsets_) {
    const Graph& graph = state_.plan.graph;
    const ValueId source = detail::root_of(graph, value);  // the value may be a view of it
    const ValueType& type = graph.type(value);
    const double element = graph.node(source.node).attributes.number("value");
    BASCULE_ASSIGN(const auto bytes, repeated(element, type));
    state_.device->upload(bytes.data(), offset_by(*state_.constants, offset), type,
                          Layout::kRowMajor);
  }
  return {};
}

Status ProgramBuilder::prepare_kernels() {
  for (const NodeId id : state_.plan.order) BASCULE_TRY(prepare_kernel(id));
  std::int64_t workspace = 0;
  for (const Launch& launch : state_.launches)
    workspace = std::max(workspace, launch.kernel->workspace_bytes());
  BASCULE_ASSIGN(state_.workspace, state_.device->allocate(workspace));
  return {};
}

Status ProgramBuilder::prepare_kernel(NodeId id) {
  const Plan& plan = state_.plan;
  const Node& node = plan.graph.node(id);
  std::vector<Layout> inputs, outputs;
  SlotRanges range{state_.slots.size(), node.inputs.size(), node.outputs.size()};
  for (const ValueId input : node.inputs) {
    inputs.push_back(plan.values.at(input).layout);
    add_slot(input);
  }
  for (std::size_t o = 0; o < node.outputs.size(); ++o) {
    const ValueId output{id, static_cast<std::int32_t>(o)};
    outputs.push_back(plan.values.at(output).layout);
    add_slot(output);
  }
  BASCULE_ASSIGN(auto kernel,
                 state_.device->prepare({node, plan.graph.input_types(node), inputs, outputs}));
  state_.launches.push_back({std::move(kernel), {}});
  ranges_.push_back(range);
  return {};
}

void ProgramBuilder::prepare_transfers() {
  const Plan& plan = state_.plan;
  for (const std::string& name : plan.loads) {
    const ValueId value = plan.graph.variables().at(name);
    state_.loads.push_back(make_transfer(plan.graph.type(value), add_variable_slot(name),
                                         plan.layouts.at(name), add_slot(value),
                                         plan.values.at(value).layout));
  }
  for (const auto& [name, value] : plan.copies) {
    state_.copies.push_back(make_transfer(plan.graph.type(value), add_slot(value),
                                          plan.values.at(value).layout, add_variable_slot(name),
                                          plan.layouts.at(name)));
  }
}

void ProgramBuilder::prepare_outputs() {
  const Plan& plan = state_.plan;
  for (const auto& [name, value] : plan.graph.outputs())
    state_.outputs[name] = {plan.graph.type(value), plan.values.at(value).layout, add_slot(value)};
  // The table of slots is complete: its addresses are final.
  const std::span<void* const> slots = state_.slots;
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    const SlotRanges& range = ranges_[i];
    state_.launches[i].arguments = {slots.subspan(range.first, range.inputs),
                                    slots.subspan(range.first + range.inputs, range.outputs),
                                    state_.workspace->data()};
  }
}

std::size_t ProgramBuilder::add_slot(ValueId value) {
  const PlannedValue& planned = state_.plan.values.at(value);
  if (planned.place == Place::kInput)
    state_.inputs.at(planned.name).slots.push_back(state_.slots.size());
  state_.slots.push_back(place_of(planned, value));
  return state_.slots.size() - 1;
}

std::size_t ProgramBuilder::add_variable_slot(const std::string& name) {
  state_.slots.push_back(store_.find(name)->memory->data());
  return state_.slots.size() - 1;
}

void* ProgramBuilder::place_of(const PlannedValue& planned, ValueId value) const {
  switch (planned.place) {
    case Place::kArena:
      return offset_by(*state_.arena, planned.offset);
    case Place::kVariable:
      return store_.find(planned.name)->memory->data();
    case Place::kConstant:
      return offset_by(*state_.constants, constant_offsets_.at(value));
    case Place::kInput:
      break;
  }
  return nullptr;
}

Transfer ProgramBuilder::make_transfer(const ValueType& type, std::size_t from, Layout from_layout,
                                       std::size_t to, Layout to_layout) {
  if (from_layout != to_layout)
    state_.staging.resize(std::max(state_.staging.size(), static_cast<std::size_t>(type.bytes())));
  return {from, to, from_layout, to_layout, type, state_.device->target().bytes(type, from_layout)};
}

void Program::State::run(const Transfer& transfer) {
  if (transfer.from_layout == transfer.to_layout) {
    device->copy(slots[transfer.from], slots[transfer.to], transfer.bytes);
    return;
  }
  device->download(slots[transfer.from], staging.data(), transfer.type, transfer.from_layout);
  device->upload(staging.data(), slots[transfer.to], transfer.type, transfer.to_layout);
}

Status Program::State::own(ProgramInput& input) const {
  if (input.memory) return {};
  BASCULE_ASSIGN(input.memory, device->allocate(input.type.bytes()));
  input.csr = csr_view(input.type, input.memory->data());
  return {};
}

Status Program::State::upload(const CsrArgument& host, ProgramInput& input) const {
  BASCULE_TRY(own(input));
  const std::int64_t rows = input.type.shape[0], stored = host.offsets[rows];
  if (stored > input.type.capacity)
    return {Code::kUsage, fmt::format("{} non-zeros for {}", stored, input.type.to_string())};
  device->upload(host.offsets, input.csr.offsets, i64({rows + 1}), Layout::kRowMajor);
  device->upload(host.indices, input.csr.indices, i32({stored}), Layout::kRowMajor);
  device->upload(host.values, input.csr.values, f32({stored}), Layout::kRowMajor);
  return {};
}

CsrArgument csr_view(const ValueType& type, void* memory) {
  if (type.storage != Storage::kCsr) return {};
  auto* bytes = static_cast<std::byte*>(memory);
  auto* indices = bytes + (type.shape[0] + 1) * static_cast<std::int64_t>(sizeof(std::int64_t));
  auto* values = indices + type.capacity * static_cast<std::int64_t>(sizeof(std::int32_t));
  return {reinterpret_cast<std::int64_t*>(memory), reinterpret_cast<std::int32_t*>(indices),
          reinterpret_cast<float*>(values)};
}

}  // namespace bascule
