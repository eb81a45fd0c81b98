#pragma once
// What a program holds. All pointers that kernels take are slots of one table, filled when the
// program is made; bind() changes those of an input.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <bascule/run/program.h>

#include "run/step_pace.h"

namespace bascule {

struct Launch {
  std::unique_ptr<Kernel> kernel;
  KernelArguments arguments;
};

/// A value moved before or after the launches, converted if the layouts differ.
struct Transfer {
  std::size_t from = 0, to = 0;  ///< slots
  Layout from_layout = Layout::kRowMajor, to_layout = Layout::kRowMajor;
  ValueType type;
  std::int64_t bytes = 0;  ///< when they do not differ
};

struct ProgramInput {
  ValueType type;
  std::vector<std::size_t> slots;
  std::unique_ptr<DeviceMemory> memory;  ///< of values that were fed
  CsrArgument csr = {};                  ///< parts of `memory`
  CsrArgument bound_csr = {};            ///< what a CSR input was last bound to
  bool bound = false;
};

struct ProgramOutput {
  ValueType type;
  Layout layout = Layout::kRowMajor;
  std::size_t slot = 0;
};

/// How the steps of a program were done on a device that records.
struct StepRecord {
  std::unique_ptr<Recording> recording;  ///< of a step with the pointers that the slots have now
  bool settled = false;                  ///< a step was done with these pointers
  std::string refused;                   ///< why the device does not record this step
  std::int64_t recorded = 0, plain = 0;  ///< steps done either way
};

struct Program::State {
  void run(const Transfer& transfer);
  void step();
  /// Every transfer and launch of a step.
  void run_all();
  /// A pointer that the next step reads an input from.
  void set_input(ProgramInput& input, const void* data);
  /// Takes memory for an input once.
  Status own(ProgramInput& input) const;
  /// Of a matrix on the host only what is stored, however much more the input could hold.
  Status upload(const CsrArgument& host, ProgramInput& input) const;

  Plan plan;
  Device* device = nullptr;
  std::unique_ptr<DeviceMemory> arena, workspace, constants;
  std::vector<void*> slots;
  std::vector<Launch> launches;  ///< in the order of the plan
  std::vector<Transfer> loads, copies;
  std::map<std::string, ProgramInput> inputs;
  std::map<std::string, ProgramOutput> outputs;
  StepPace pace;
  StepRecord record;
  std::vector<std::byte> staging;  ///< on the host, for transfers that convert
};

/// The parts of a CSR value that lies in memory as one piece: offsets, indices, values.
CsrArgument csr_view(const ValueType& type, void* memory);

}  // namespace bascule
