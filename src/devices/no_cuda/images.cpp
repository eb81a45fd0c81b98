// Stands in for the embedded kernels where nvcc was not found.
#include "devices/cuda/images.h"

namespace bascule::cuda {

const Images& kernel_images() {
  static const Images none;
  return none;
}

}  // namespace bascule::cuda
