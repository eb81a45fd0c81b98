#pragma once
// The contract between the engine and a device. A device turns a node into a kernel once, in
// prepare(), and runs it in every step; it knows nothing of graphs, plans or models.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <bascule/base/status.h>
#include <bascule/base/threads.h>
#include <bascule/devices/neighbor_search.h>
#include <bascule/graph/graph.h>
#include <bascule/graph/target.h>

namespace bascule {

/// A CSR value in memory: what the pointer of such an argument points to.
struct CsrArgument {
  std::int64_t* offsets;  ///< rows + 1; offsets[rows] is the number of non-zeros
  std::int32_t* indices;
  float* values;
};

/// A node as a kernel sees it.
struct KernelRequest {
  const Node& node;
  std::span<const ValueType> inputs;  ///< types; those of the outputs are in the node
  std::span<const Layout> input_layouts;
  std::span<const Layout> output_layouts;
};

struct KernelArguments {
  std::span<void* const> inputs;
  /// An output may be the same memory as an input where the op's declaration allows it.
  std::span<void* const> outputs;
  void* workspace = nullptr;
};

/// Allocates nothing when launched.
class Kernel {
 public:
  Kernel() = default;
  virtual ~Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  /// Scratch memory wanted while it runs; shared with other kernels of the program.
  [[nodiscard]] virtual std::int64_t workspace_bytes() const { return 0; }
  /// "avx512 12x32": which implementation it is, for --explain.
  [[nodiscard]] virtual std::string description() const { return {}; }
  virtual void launch(const KernelArguments& arguments) = 0;
};

/// Launches and copies on a device, kept to be asked for again as one.
class Recording {
 public:
  virtual ~Recording() = default;
  /// Ordered like the launch of a kernel.
  virtual void launch() = 0;
};

/// Memory of a device, freed by its destructor.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  [[nodiscard]] virtual void* data() = 0;
  [[nodiscard]] virtual std::int64_t bytes() const = 0;
};

/// Launches, copies, uploads and downloads are ordered: each sees what those before it wrote. None
/// of them reports: where they run behind the caller's back an error is known only later. The first
/// one is kept, nothing runs after it, and synchronize() tells it; so whoever takes something off
/// the device asks synchronize() before he trusts it.
class Device {
 public:
  virtual ~Device() = default;

  [[nodiscard]] virtual const Target& target() const = 0;
  /// kFailed when the memory is not to be had. Aligned to target().alignment, filled with zeros.
  [[nodiscard]] virtual Result<std::unique_ptr<DeviceMemory>> allocate(std::int64_t bytes) = 0;
  /// To and from host memory, row-major on the host, `layout` on the device. Both are done with the
  /// host memory when they return.
  virtual void upload(const void* host, void* device, const ValueType& type, Layout layout) = 0;
  virtual void download(const void* device, void* host, const ValueType& type, Layout layout) = 0;
  virtual void copy(const void* from, void* to, std::int64_t bytes) = 0;
  /// Waits for everything asked for so far. kFailed once anything failed; a device that computes in
  /// the calling thread has nothing to wait for and cannot fail.
  virtual Status synchronize() { return {}; }
  /// kUsage when there is no kernel for this node; target().supports says so beforehand.
  [[nodiscard]] virtual Result<std::unique_ptr<Kernel>> prepare(const KernelRequest& request) = 0;

  /// Whether this device can keep work and do it again as one, which saves the time of asking.
  [[nodiscard]] virtual bool records() const { return false; }
  /// Keeps the launches and copies on the device that `work` asks for, with the arguments they have
  /// now, instead of doing them; what they point to must outlive the recording. An error, with the
  /// reason, when it does not; nothing was done then.
  [[nodiscard]] virtual Result<std::unique_ptr<Recording>> record(
      const std::function<void()>& work);

  /// The index, or the written-out matrix, copied to where this device searches it; must not
  /// outlive the device. kUsage where it has no kernels of its own for that: neighbors.h searches
  /// on the cpu.
  [[nodiscard]] virtual Result<std::unique_ptr<NeighborSearch>> place(const NeighborIndex& index);
  [[nodiscard]] virtual Result<std::unique_ptr<DenseSearch>> place(const DenseMatrix& matrix);
};

/// Plain loops with float64 accumulation: the judge of all others.
std::unique_ptr<Device> make_reference_device();
/// Vector kernels for the processor it runs on, on the threads of `pool`, which must outlive it.
std::unique_ptr<Device> make_cpu_device(ThreadPool& pool);

}  // namespace bascule
