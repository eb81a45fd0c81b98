#pragma once
// What a device can do, as data: the passes read it, so that `compile` never includes a device.
#include <cstdint>
#include <functional>
#include <string>

#include <bascule/graph/graph.h>

namespace bascule {

/// How the elements of a value lie in memory.
enum class Layout : std::uint8_t {
  kRowMajor,
  /// A matrix [K, N] in panels of `Target::panel` columns, the last one padded with zeros to a
  /// multiple of `Target::lanes`: panel p holds K rows of its columns. Weights of products.
  kPanels,
  /// The same in two parts: of all elements the nearest bf16, in panels whose rows are filled up to
  /// an even number, then of all elements the 16 bits that it leaves out. Weights of bf16 products,
  /// which read the first part only, while updates keep every bit.
  kHalves
};

struct Target {
  std::string device = "reference";
  std::int64_t alignment = 64;  ///< of every value in the arena, bytes
  bool host_memory = true;      ///< kernels read host memory as it lies
  bool bf16 = false;            ///< the processor has products of bf16 operands
  bool fp16 = false;            ///< has products of fp16 operands and gated updates
  bool fused = false;           ///< has kernels for the ops that only the fuse pass makes
  std::int64_t panel = 0;       ///< columns of a panel; 0: no panels
  std::int64_t lanes = 1;
  int threads = 1;  ///< of the host that share the work of a step
  /// May this node be made? Fused ops are asked for with their final types.
  std::function<bool(const Graph&, const Node&)> supports;

  /// Bytes of a value of this type in this layout.
  [[nodiscard]] std::int64_t bytes(const ValueType& type, Layout layout) const;
};

}  // namespace bascule
