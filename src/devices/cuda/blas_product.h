#pragma once
#include <memory>
#include <optional>

#include <bascule/devices/device.h>

#include "devices/cuda/kernel_library.h"

namespace bascule::cuda {

/// A product done by cuBLASLt, with kernels of our own before and after it.
struct BlasRequest {
  ProductArguments product;  ///< pointers are missing; a and b as the op has them
  bool transpose_a = false, transpose_b = false;
  bool bias = false;  ///< the third input is one; else it is the second operand of f
  std::optional<UpdateArguments> update;  ///< what the product is the gradient for
};

/// Null where cuBLASLt is missing or cannot do it: the plain kernel does.
Result<std::unique_ptr<Kernel>> make_blas_product(const KernelLibrary& library,
                                                  const BlasRequest& request);

}  // namespace bascule::cuda
