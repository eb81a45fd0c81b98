#pragma once
// The kernels as the compiler left them, one fatbin per family, embedded in the program. In a build
// without the CUDA toolkit the folder no_cuda stands in, which has none.
#include <span>

namespace bascule::cuda {

struct Image {
  const char* family;
  const void* data;
};

struct Images {
  std::span<const Image> all;
  int toolkit = 0;           ///< that compiled them: 13000 for CUDA 13.0
  int least_capability = 0;  ///< of a GPU that can run them: 80 for 8.0
};

/// Those of this build.
const Images& kernel_images();

}  // namespace bascule::cuda
