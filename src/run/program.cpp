#include <algorithm>
#include <cassert>
#include <optional>

#include <fmt/format.h>

#include <bascule/base/threads.h>
#include <bascule/base/timer.h>
#include <bascule/graph/op.h>
#include <bascule/run/program.h>

#include "run/program_builder.h"

namespace bascule {

Program::Program(std::unique_ptr<State> state) : state_(std::move(state)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

Result<Program> Program::make(Graph graph, VariableStore& store, const CompileOptions& options) {
  auto state = std::make_unique<State>();
  BASCULE_TRY(ProgramBuilder(*state, store).build(std::move(graph), options));
  return Program(std::move(state));
}

Status Program::bind(const std::string& input, const void* data) {
  const auto at = state_->inputs.find(input);
  if (at == state_->inputs.end())
    return {Code::kUsage, fmt::format("the program has no input {}", input)};
  state_->set_input(at->second, data);
  return {};
}

void Program::State::set_input(ProgramInput& input, const void* data) {
  input.bound = true;
  bool moved = false;
  for (const std::size_t slot : input.slots) {
    moved = moved || slots[slot] != data;
    // Kernels take all their arguments as void*; they never write to inputs.
    slots[slot] = const_cast<void*>(data);
  }
  if (input.type.storage == Storage::kCsr && data != nullptr) {
    const CsrArgument& now = *static_cast<const CsrArgument*>(data);
    moved = moved || now.offsets != input.bound_csr.offsets ||
            now.indices != input.bound_csr.indices || now.values != input.bound_csr.values;
    input.bound_csr = now;
  }
  if (!moved) return;
  record.recording.reset();
  record.settled = false;
}

Status Program::feed(const std::string& input, std::span<const std::byte> values) {
  const auto at = state_->inputs.find(input);
  if (at == state_->inputs.end())
    return {Code::kUsage, fmt::format("the program has no input {}", input)};
  ProgramInput& fed = at->second;
  if (static_cast<std::int64_t>(values.size()) != fed.type.bytes())
    return {Code::kUsage, fmt::format("{} bytes for the input {}, which is {}", values.size(),
                                      input, fed.type.to_string())};
  BASCULE_TRY(state_->own(fed));
  state_->device->upload(values.data(), fed.memory->data(), fed.type, Layout::kRowMajor);
  return bind(input, fed.type.storage == Storage::kCsr ? &fed.csr : fed.memory->data());
}

Status Program::bind_host(const std::string& input, const void* data) {
  const auto at = state_->inputs.find(input);
  if (state_->device->target().host_memory || at == state_->inputs.end()) return bind(input, data);
  if (at->second.type.storage == Storage::kCsr) {
    BASCULE_TRY(state_->upload(*static_cast<const CsrArgument*>(data), at->second));
    return bind(input, &at->second.csr);
  }
  return feed(input, {static_cast<const std::byte*>(data),
                      static_cast<std::size_t>(at->second.type.bytes())});
}

void Program::step() {
  State& s = *state_;
  assert(std::all_of(s.inputs.begin(), s.inputs.end(), [](const auto& named) {
    return named.second.bound || named.second.slots.empty();
  }));
  if (s.device->target().threads == 1 || s.pace.settled()) return s.step();
  const Stopwatch watch;
  {
    std::optional<OnThisThread> scope;
    if (s.pace.alone()) scope.emplace();
    s.step();
  }
  s.pace.note(watch.seconds());
}

void Program::State::step() {
  if (record.settled && !record.recording && record.refused.empty() && device->records()) {
    auto recording = device->record([this] { run_all(); });
    if (recording.ok())
      record.recording = std::move(*recording);
    else
      record.refused = recording.error().message;
  }
  if (record.recording) {
    record.recording->launch();
    ++record.recorded;
    return;
  }
  run_all();
  // The first step loads what is loaded late; and a place that changes with every step is not worth
  // recording.
  record.settled = true;
  ++record.plain;
}

void Program::State::run_all() {
  for (const Transfer& load : loads) run(load);
  for (const Launch& launch : launches) launch.kernel->launch(launch.arguments);
  for (const Transfer& copy : copies) run(copy);
}

Result<void*> Program::memory(const std::string& output) {
  const auto at = state_->outputs.find(output);
  if (at == state_->outputs.end() || at->second.layout != Layout::kRowMajor)
    return Error{Code::kUsage, fmt::format("the program has no row-major output {}", output)};
  return state_->slots[at->second.slot];
}

Status Program::read(const std::string& output, std::span<std::byte> values) const {
  const auto at = state_->outputs.find(output);
  if (at == state_->outputs.end())
    return {Code::kUsage, fmt::format("the program has no output {}", output)};
  const ProgramOutput& wanted = at->second;
  if (static_cast<std::int64_t>(values.size()) != wanted.type.bytes())
    return {Code::kUsage, fmt::format("{} bytes for the output {}, which is {}", values.size(),
                                      output, wanted.type.to_string())};
  state_->device->download(state_->slots[wanted.slot], values.data(), wanted.type, wanted.layout);
  return state_->device->synchronize();
}

Result<float> Program::scalar(const std::string& output) const {
  const auto at = state_->outputs.find(output);
  if (at != state_->outputs.end() && at->second.type.dtype != DType::kF32)
    return Error{Code::kUsage,
                 fmt::format("the output {} is {}, not f32", output, at->second.type.to_string())};
  float value = 0;
  BASCULE_TRY(read(output, std::span(&value, 1)));
  return value;
}

const Plan& Program::plan() const {
  return state_->plan;
}

Result<std::vector<double>> Program::profile(int repeats) {
  State& s = *state_;
  std::vector<double> least(s.launches.size(), 0);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (const Transfer& load : s.loads) s.run(load);
    for (std::size_t i = 0; i < s.launches.size(); ++i) {
      const Stopwatch watch;
      s.launches[i].kernel->launch(s.launches[i].arguments);
      BASCULE_TRY(s.device->synchronize());
      const double seconds = watch.seconds();
      least[i] = repeat == 0 ? seconds : std::min(least[i], seconds);
    }
    for (const Transfer& copy : s.copies) s.run(copy);
  }
  return least;
}

}  // namespace bascule
