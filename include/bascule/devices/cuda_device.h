#pragma once
// NVIDIA GPUs. The driver is opened when one of these functions is first called; nothing of CUDA is
// linked.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <bascule/devices/device.h>

namespace bascule {

struct CudaGpu {
  std::string name;         ///< "NVIDIA H200"
  std::int64_t memory = 0;  ///< bytes
  int capability = 0;       ///< 90 for compute capability 9.0
  std::string why;          ///< why it cannot be used; empty: it should work
};

struct CudaInventory {
  std::vector<CudaGpu> gpus;  ///< cuda:0, cuda:1, …
  std::string why;            ///< why there are none, in one line; empty when there are some
  int driver = 0;             ///< CUDA version that the driver is made for: 13000 for 13.0; 0: none
  std::string products;       ///< where a GPU can be used, what multiplies: "by cuBLASLt 13.1.0"
  int toolkit = 0;            ///< CUDA version that this build's kernels come from; 0: it has none
};

/// What is there, without opening a GPU.
CudaInventory cuda_inventory();

struct CudaOptions {
  /// Steps of programs are launched as one CUDA graph each, after a first one that is not.
  bool record_steps = true;
};

/// The GPU cuda:`ordinal` with its kernels loaded. kNoDevice, with the reason in one line, when it
/// cannot be had: no driver, one that is too old, no such GPU, no kernels for it.
Result<std::unique_ptr<Device>> make_cuda_device(int ordinal, const CudaOptions& options = {});

/// What the device supports, known without one: for plans.
Target cuda_target();

}  // namespace bascule
