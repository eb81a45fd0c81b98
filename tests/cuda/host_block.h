#pragma once
// A block of threads as a loop: each phase of a kernel body runs for one thread after the other.
// All memory that a body has not written yet is full of NaN.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
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
  std::int64_t index = 0;
  bool backwards = false;  ///< the last thread first: a body must not notice

  template <class Phase>
  void each(const Phase& phase) const {
    for (int thread = 0; thread < kThreads; ++thread)
      phase(backwards ? kThreads - 1 - thread : thread);
  }
};

template <class T>
class PerThread {
 public:
  PerThread() { std::memset(values_.data(), 0xFF, sizeof values_); }
  T& operator[](int thread) { return values_[static_cast<std::size_t>(thread)]; }
  const T& operator[](int thread) const { return values_[static_cast<std::size_t>(thread)]; }

 private:
  std::array<T, kThreads> values_;
};

}  // namespace bascule::cuda::bodies

#define BASCULE_SHARED(Type, name) \
  Type name;                       \
  std::memset(&(name), 0xFF, sizeof(name))
