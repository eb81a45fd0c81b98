#pragma once
// The loops of the reference device, one file per family of ops. An op's function reads the node
// once and returns the loop that is run in every step.
//
// Every loop is a template over the type that holds real numbers: float, as on all devices, or
// double, so that finite differences judge gradients to many digits. Sums are doubles in both.
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include <bascule/devices/device.h>
#include <bascule/graph/op.h>

namespace bascule::reference {

using Loop = std::function<void(const KernelArguments&)>;

struct LoopRequest {
  const Node& node;
  std::span<const ValueType> inputs;

  [[nodiscard]] const ValueType& output() const { return node.outputs[0]; }
  [[nodiscard]] const Attributes& attributes() const { return node.attributes; }
};

struct LoopEntry {
  std::string_view op;
  Loop (*make)(const LoopRequest& request);
};

template <class Real>
std::vector<LoopEntry> elementwise_loops();
template <class Real>
std::vector<LoopEntry> matmul_loops();
template <class Real>
std::vector<LoopEntry> move_loops();
template <class Real>
std::vector<LoopEntry> cast_loops();
template <class Real>
std::vector<LoopEntry> reduce_loops();
template <class Real>
std::vector<LoopEntry> row_loops();
template <class Real>
std::vector<LoopEntry> softmax_loops();
template <class Real>
std::vector<LoopEntry> random_loops();
template <class Real>
std::vector<LoopEntry> optimizer_loops();
template <class Real>
std::vector<LoopEntry> map_loops();
template <class Real>
std::vector<LoopEntry> cross_entropy_loops();
template <class Real>
std::vector<LoopEntry> sparse_loops();

template <class T>
const T* input(const KernelArguments& arguments, std::size_t i) {
  return static_cast<const T*>(arguments.inputs[i]);
}
template <class T>
T* output(const KernelArguments& arguments, std::size_t i = 0) {
  return static_cast<T*>(arguments.outputs[i]);
}

}  // namespace bascule::reference
