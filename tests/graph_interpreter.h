#pragma once
// Runs nodes and graphs on a device without passes, plan or executor.
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <bascule/base/bf16.h>
#include <bascule/devices/device.h>
#include <bascule/graph/op.h>

#include "devices/reference/device.h"

namespace bascule {

/// A value on the host; integers are held as doubles too. Of a CSR matrix all elements, of which
/// those that are not 0 are stored.
struct Tensor {
  ValueType type;
  std::vector<double> values;
};

inline Tensor filled(const ValueType& type, double value) {
  return {type, std::vector<double>(static_cast<std::size_t>(type.shape.count()), value)};
}

struct NodeOptions {
  bool in_place = false;  ///< outputs lie over inputs wherever the op's declaration allows it
  std::vector<Layout> input_layouts = {};  ///< missing ones: row-major
};

class Interpreter {
 public:
  explicit Interpreter(Device& device) : device_(&device) {}
  /// The reference device in float64.
  static Interpreter in_double() {
    Interpreter interpreter;
    interpreter.owned_ = reference::make_double_device();
    interpreter.device_ = interpreter.owned_.get();
    return interpreter;
  }

  /// Outputs of one node. Their memory is full of NaN beforehand. Throws when prepare() refuses.
  std::vector<Tensor> run(const Graph& graph, const Node& node, const std::vector<Tensor>& inputs,
                          const NodeOptions& options = {}) {
    const std::vector<ValueType> types = graph.input_types(node);
    std::vector<Layout> input_layouts = options.input_layouts;
    input_layouts.resize(types.size(), Layout::kRowMajor);
    const std::vector<Layout> output_layouts(node.outputs.size(), Layout::kRowMajor);
    auto kernel = device_->prepare({node, types, input_layouts, output_layouts});
    if (!kernel.ok()) throw std::runtime_error(kernel.error().message);
    std::vector<std::unique_ptr<DeviceMemory>> memory;
    std::vector<void*> in, out;
    for (std::size_t i = 0; i < types.size(); ++i)
      in.push_back(put(inputs[i], input_layouts[i], memory));
    for (std::size_t o = 0; o < node.outputs.size(); ++o) {
      const std::int32_t over = o < node.op->in_place.size() ? node.op->in_place[o] : -1;
      const auto place = static_cast<std::size_t>(over);
      const bool shared = options.in_place && over >= 0 && place < types.size() &&
                          types[place] == node.outputs[o] &&
                          input_layouts[place] == Layout::kRowMajor;
      out.push_back(shared ? in[place]
                           : put(filled(node.outputs[o], std::nan("")), Layout::kRowMajor, memory));
    }
    memory.push_back(allocate((*kernel)->workspace_bytes()));
    (*kernel)->launch({in, out, memory.back()->data()});
    std::vector<Tensor> outputs;
    for (std::size_t o = 0; o < node.outputs.size(); ++o)
      outputs.push_back(get(node.outputs[o], out[o]));
    if (const Status status = device_->synchronize(); !status.ok())
      throw std::runtime_error(status.error().message);
    return outputs;
  }

  /// Every value of a graph, given its inputs and variables by name.
  std::map<ValueId, Tensor> run(const Graph& graph, const std::map<std::string, Tensor>& named) {
    std::map<ValueId, Tensor> values;
    for (NodeId id = 0; id < graph.size(); ++id) {
      const Node& node = graph.node(id);
      std::vector<Tensor> inputs, outputs;
      for (const ValueId input : node.inputs) inputs.push_back(values.at(input));
      if (node.op->name == "constant")
        outputs = {filled(node.outputs[0], node.attributes.number("value"))};
      else if (node.op->name == "input" || node.op->name == "variable")
        outputs = {named.at(node.attributes.text("name"))};
      else
        outputs = run(graph, node, inputs);
      for (std::size_t o = 0; o < outputs.size(); ++o)
        values[{id, static_cast<std::int32_t>(o)}] = std::move(outputs[o]);
    }
    return values;
  }

 private:
  Interpreter() = default;

  std::unique_ptr<DeviceMemory> allocate(std::int64_t bytes) {
    auto memory = device_->allocate(bytes);
    if (!memory.ok()) throw std::runtime_error(memory.error().message);
    return std::move(memory).value();
  }

  /// Calls use(T{}) with the type that the host has such elements in.
  template <class Use>
  void with_type(DType dtype, const Use& use) const {
    if (owned_ != nullptr && (dtype == DType::kF32 || dtype == DType::kBf16)) return use(double{});
    if (dtype == DType::kF32) return use(float{});
    if (dtype == DType::kBf16) return use(Bf16{});
    if (dtype == DType::kI32) return use(std::int32_t{});
    return use(std::int64_t{});
  }

  /// A CSR matrix in host memory, which is the memory of the devices that are tested so far.
  void* put_csr(const Tensor& tensor, std::vector<std::unique_ptr<DeviceMemory>>& memory) {
    const std::int64_t rows = tensor.type.shape[0], columns = tensor.type.shape[1];
    const auto part = [&](std::int64_t bytes) {
      memory.push_back(allocate(bytes));
      return memory.back()->data();
    };
    const CsrArgument csr{static_cast<std::int64_t*>(part((rows + 1) * 8)),
                          static_cast<std::int32_t*>(part(tensor.type.capacity * 4)),
                          static_cast<float*>(part(tensor.type.capacity * 4))};
    std::int64_t stored = 0;
    csr.offsets[0] = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t column = 0; column < columns; ++column) {
        const double value = tensor.values[static_cast<std::size_t>(row * columns + column)];
        if (value == 0) continue;
        if (stored == tensor.type.capacity) throw std::runtime_error("more than the capacity");
        csr.indices[stored] = static_cast<std::int32_t>(column);
        csr.values[stored++] = static_cast<float>(value);
      }
      csr.offsets[row + 1] = stored;
    }
    return new (part(sizeof csr)) CsrArgument(csr);
  }

  void* put(const Tensor& tensor, Layout layout,
            std::vector<std::unique_ptr<DeviceMemory>>& memory) {
    if (tensor.type.storage == Storage::kCsr) return put_csr(tensor, memory);
    memory.push_back(allocate(owned_ != nullptr ? reference::double_bytes(tensor.type)
                                                : device_->target().bytes(tensor.type, layout)));
    with_type(tensor.type.dtype, [&]<class T>(T) {
      std::vector<T> host;
      for (const double value : tensor.values) {
        if constexpr (std::is_same_v<T, Bf16>)
          host.push_back(Bf16(static_cast<float>(value)));
        else
          host.push_back(std::is_integral_v<T> && std::isnan(value) ? std::numeric_limits<T>::min()
                                                                    : static_cast<T>(value));
      }
      device_->upload(host.data(), memory.back()->data(), tensor.type, layout);
    });
    return memory.back()->data();
  }

  Tensor get(const ValueType& type, const void* data) {
    Tensor tensor{type, {}};
    with_type(type.dtype, [&]<class T>(T) {
      std::vector<T> host(static_cast<std::size_t>(type.shape.count()));
      device_->download(data, host.data(), type, Layout::kRowMajor);
      for (const T value : host) {
        if constexpr (std::is_same_v<T, Bf16>)
          tensor.values.push_back(static_cast<double>(static_cast<float>(value)));
        else
          tensor.values.push_back(static_cast<double>(value));
      }
    });
    return tensor;
  }

  std::unique_ptr<Device> owned_;  ///< only of in_double()
  Device* device_ = nullptr;
};

}  // namespace bascule
