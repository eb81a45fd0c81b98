#pragma once
// Fills the state of a program: memory, kernels, pointers.
#include "run/program_state.h"

namespace bascule {

class ProgramBuilder {
 public:
  ProgramBuilder(Program::State& state, VariableStore& store) : state_(state), store_(store) {}
  Status build(Graph graph, CompileOptions options);

 private:
  Status declare_variables();
  Status allocate();
  Status fill_constants();
  Status prepare_kernels();
  Status prepare_kernel(NodeId id);
  void prepare_transfers();
  void prepare_outputs();

  /// A new slot that points to a value; bound later for inputs.
  std::size_t add_slot(ValueId value);
  std::size_t add_variable_slot(const std::string& name);
  [[nodiscard]] void* place_of(const PlannedValue& planned, ValueId value) const;
  Transfer make_transfer(const ValueType& type, std::size_t from, Layout from_layout,
                         std::size_t to, Layout to_layout);

  Program::State& state_;
  VariableStore& store_;
  std::map<ValueId, std::int64_t> constant_offsets_;
  /// Kernels' arguments by their slots, as long as the table still grows.
  struct SlotRanges {
    std::size_t first = 0, inputs = 0, outputs = 0;
  };
  std::vector<SlotRanges> ranges_;
};

}  // namespace bascule
