#pragma once
// A graph compiled for a device and joined to a variable store; runs one step at a time. A step
// allocates nothing.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/compile/compile.h>
#include <bascule/devices/device.h>
#include <bascule/run/variables.h>

namespace bascule {

class Program {
 public:
  /// Compiles, declares the graph's variables in the store (layouts included), allocates the arena
  /// and prepares every kernel. Device and store must outlive the program. Errors: as compile();
  /// kFailed when memory is refused.
  static Result<Program> make(Graph graph, VariableStore& store,
                              const CompileOptions& options = {});
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  /// Device memory that the next steps read an input from, aligned as Target::alignment says; it
  /// must stay valid. On the CPU any 64-byte aligned row-major host memory will do; of a CSR input,
  /// a CsrArgument. kUsage for an unknown name.
  Status bind(const std::string& input, const void* data);
  /// Copies host values into memory of the program and binds it: row-major elements or, of a CSR
  /// input, offsets, indices and values, the latter two of the whole capacity. kUsage for an
  /// unknown name or a wrong size, kFailed when the memory is not to be had.
  Status feed(const std::string& input, std::span<const std::byte> values);
  template <class T>
  Status feed(const std::string& input, std::span<const T> values) {
    return feed(input, std::as_bytes(values));
  }
  /// Host memory that the next step reads an input from, of a CSR input a CsrArgument: bound where
  /// the device reads host memory, copied elsewhere. Stays valid until the step is done. kUsage for
  /// an unknown name or more non-zeros than the input holds, kFailed when memory is not to be had.
  Status bind_host(const std::string& input, const void* data);
  /// One step. All inputs must be bound (asserted). Where the device records, the second of two
  /// steps that read their inputs from the same places is kept, and those that follow are launched
  /// as one; whoever changes a CsrArgument that is bound binds it again.
  void step();
  /// Values of an output of the last step, row-major; kUsage for an unknown name or a wrong size.
  Status read(const std::string& output, std::span<std::byte> values) const;
  template <class T>
  Status read(const std::string& output, std::span<T> values) const {
    return read(output, std::as_writable_bytes(values));
  }
  /// Where an output of the last step lies on the device, row-major, to be read and written over
  /// until the next step, ordered like all that the device is asked for: nothing is waited for;
  /// kUsage for an unknown name or one that has another layout.
  [[nodiscard]] Result<void*> memory(const std::string& output);
  /// Of an output with one f32 element.
  [[nodiscard]] Result<float> scalar(const std::string& output) const;

  [[nodiscard]] const Plan& plan() const;
  /// The passes with what they did, then every launch with its kernel, FLOPs, bytes and places, and
  /// where the device records, how many steps were launched as one.
  [[nodiscard]] std::string explain() const;
  /// Runs so many steps (they train) and gives the least seconds of each launch, in the plan's
  /// order; kFailed when the device fails.
  [[nodiscard]] Result<std::vector<double>> profile(int repeats);

 private:
  struct State;
  friend class ProgramBuilder;
  explicit Program(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bascule
