#pragma once
#include <algorithm>
#include <vector>

#include "devices/cpu/device.h"
#include "devices/cpu/gemm_isa.h"

namespace bascule {

struct InstructionSet {
  const detail::VectorKernels* vector;
  const detail::GemmKernels* gemm;
};
/// All that this processor can run.
inline std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> all;
  const auto vector = detail::all_vector_kernels();
  const auto gemm = detail::all_gemm_kernels();
  for (std::size_t i = 0; i < std::max(vector.size(), gemm.size()); ++i)
    all.push_back({vector[std::min(i, vector.size() - 1)], gemm[std::min(i, gemm.size() - 1)]});
  return all;
}

}  // namespace bascule
