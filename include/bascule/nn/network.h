#pragma once
// A model with its parameters, on a device.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <bascule/devices/device.h>
#include <bascule/nn/sequential.h>
#include <bascule/run/program.h>
#include <bascule/run/variables.h>
#include <bascule/tensor/safetensors.h>

namespace bascule::nn {

class Network {
 public:
  /// Declares the model's variables and gives them their first values, which are a function of
  /// `seed`, the variable's name and the position alone. Training, evaluation and prediction are
  /// compiled with `compile`. The device must outlive the network.
  /// kUsage when the layers do not fit one another or a sample of this shape; kFailed when memory
  /// is refused.
  static Result<Network> make(Sequential model, const Shape& sample, Device& device,
                              std::uint64_t seed = 1, CompileOptions compile = {});
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;
  ~Network();

  [[nodiscard]] const Sequential& model() const;
  [[nodiscard]] const Shape& sample() const;  ///< shape of one sample
  [[nodiscard]] const Shape& output() const;  ///< shape of one sample's output
  [[nodiscard]] std::uint64_t seed() const;
  [[nodiscard]] const CompileOptions& compile_options() const;
  [[nodiscard]] VariableStore& store() const;
  /// Parameters and buffers, in the order of the layers.
  [[nodiscard]] const std::vector<ModelVariable>& variables() const;
  /// "dense_1.weight F32[1024, 100]; …": two networks with the same text can exchange parameters.
  [[nodiscard]] const std::string& signature() const;
  /// Gives all parameters and buffers their first values again.
  Status initialize();

  /// Outputs for samples that follow one another: n · sample elements → n · output elements. Large
  /// inputs are cut into batches. kUsage when the number of elements does not fit. For few samples
  /// at a time and again and again, see Predictor.
  Result<std::vector<float>> predict(std::span<const float> features);
  /// The same, into memory of the caller.
  Status predict(std::span<const float> features, std::span<float> outputs);
  /// A program that predicts `batch` samples at a time ("x" → "y"), over this network's variables.
  [[nodiscard]] Result<Program> compile_predictor(std::int64_t batch) const;
  /// The same, compiled once and kept by the network.
  Result<Program*> predictor(std::int64_t batch);

  /// Parameters and buffers as one safetensors file, under their names and in the shapes that the
  /// layers declare: the weight of a dense layer is [in, out], the transpose of PyTorch's. Written
  /// atomically.
  Status save(const std::string& path) const;
  /// kBadData, naming the file, when it does not hold exactly this network's variables.
  Status load(const std::string& path);
  Status load(const SafetensorsFile& file);

 private:
  struct State;
  explicit Network(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Host copies of variables, to write them to a file or put them back.
class VariableSnapshot {
 public:
  struct Entry {
    std::string name;
    ValueType type;
    std::vector<std::byte> bytes;
  };

  /// Reads the variables with one of these roles.
  static Result<VariableSnapshot> take(const VariableStore& store,
                                       std::span<const VariableRole> roles);
  /// The tensors of `file`; kBadData, naming the file, unless they are exactly the variables of
  /// `store` with these roles, with their types.
  static Result<VariableSnapshot> read(const SafetensorsFile& file, const VariableStore& store,
                                       std::span<const VariableRole> roles);
  Status restore(VariableStore& store) const;
  /// The entries must outlive the writer's write().
  void add_to(SafetensorsWriter& writer) const;
  /// No f32 element is infinite or NaN.
  [[nodiscard]] bool finite() const;
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

inline constexpr VariableRole kModelRoles[] = {VariableRole::kParameter, VariableRole::kBuffer};
inline constexpr VariableRole kAllRoles[] = {VariableRole::kParameter, VariableRole::kBuffer,
                                             VariableRole::kState, VariableRole::kControl};

}  // namespace bascule::nn
