#pragma once
// A block of threads on the GPU, as the kernel bodies see it: phases that each thread runs once,
// with a barrier after each. So no barrier can stand where only some threads come by, and the same
// body runs on the host as a loop over threads for each phase.
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>

#include <bascule/base/bf16.h>
#include <bascule/base/f16.h>
#include <bascule/base/random_values.h>

#include "devices/cuda/kernels/element_function.h"
#include "devices/cuda/kernels/kernel_list.h"

namespace bascule::cuda::bodies {

struct Block {
  std::int64_t index = blockIdx.x;

  template <class Phase>
  BASCULE_DEVICE void each(const Phase& phase) const {
    phase(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
};

/// What a thread keeps from phase to phase.
template <class T>
class PerThread {
 public:
  BASCULE_DEVICE T& operator[](int) { return value_; }
  BASCULE_DEVICE const T& operator[](int) const { return value_; }

 private:
  T value_;
};

}  // namespace bascule::cuda::bodies

#define BASCULE_SHARED(Type, name) __shared__ Type name

#define BASCULE_DEFINE_KERNEL(family, name, Arguments)                             \
  extern "C" __global__ void __launch_bounds__(bascule::cuda::kThreads)            \
      bascule_##name(const __grid_constant__ bascule::cuda::Arguments arguments) { \
    bascule::cuda::bodies::name(bascule::cuda::bodies::Block(), arguments);        \
  }
