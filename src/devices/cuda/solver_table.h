#pragma once
// What is used of cuSOLVER, as a table filled from libcusolver when it is first asked for. Declared
// as the library's binary interface has it; a test compares that with cusolverDn.h where there is
// one.
#include <string>

#include "devices/cuda/driver.h"

namespace bascule::cuda {

using SolverHandle = struct SolverTag*;

inline constexpr int kSolverSuccess = 0;
/// Of a matrix as the library sees it, column by column: the lower triangle of rows is its upper
/// one.
inline constexpr int kUpperTriangle = 1;
inline constexpr int kMajorVersion = 0;  ///< of `property`

/// Addresses are those of the GPU.
struct SolverTable {
  Entry<int(int, int*)> property{"cusolverGetProperty"};
  Entry<int(SolverHandle*)> create{"cusolverDnCreate"};
  Entry<int(SolverHandle)> destroy{"cusolverDnDestroy"};
  Entry<int(SolverHandle, StreamHandle)> set_stream{"cusolverDnSetStream"};
  /// Handle, triangle, order, matrix, leading dimension; then the floats of workspace that are
  /// wanted, or a workspace and its floats. `info` is 0, or tells what is wrong with the matrix.
  using Size = int(SolverHandle, int, int, float*, int, int*);
  using Run = int(SolverHandle, int, int, float*, int, float*, int, int* info);
  Entry<Size> factor_size{"cusolverDnSpotrf_bufferSize"};
  Entry<Run> factor{"cusolverDnSpotrf"};
  Entry<Size> inverse_size{"cusolverDnSpotri_bufferSize"};
  Entry<Run> inverse{"cusolverDnSpotri"};
};

template <class Visit>
void for_each_entry(SolverTable& t, const Visit& visit) {
  const auto all = [&](auto&... entries) {
    static_assert(sizeof...(entries) * sizeof(t.create) == sizeof(SolverTable),
                  "an entry is missing");
    (visit(entries), ...);
  };
  all(t.property, t.create, t.destroy, t.set_stream, t.factor_size, t.factor, t.inverse_size,
      t.inverse);
}

/// Opens the library once. kNoDevice, with the reason: it is not there, lacks a function, or is of
/// a version that is not known.
Result<const SolverTable*> system_solver();

/// Where a table comes from, asked when something is to be inverted.
using SolverSource = Result<const SolverTable*> (*)();

/// kNoDevice unless the table's library is of a known version.
Status check_version(const SolverTable& table);

/// "cusolverDnSpotrf: out of memory (CUSOLVER_STATUS_ALLOC_FAILED)".
std::string describe_solver(const char* call, int result);

}  // namespace bascule::cuda
